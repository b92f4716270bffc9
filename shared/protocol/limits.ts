/** Every bound of the wire, in one place. The agent's copy is agents/wire/src/limits.rs; the golden vectors stand at each edge. */

/** Largest value of a message's `length` field: 4 + header + payload, bytes. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;
/** Largest protobuf header, bytes. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** Port opening: MAGIC (8 bytes) then an epoch (16 random bytes), sent by the host, echoed by the agent. */
export const EPOCH_BYTES = 16;
/** Bytes of earlier sessions that a host discards while it waits for the echo. */
export const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Longest side of a surface's buffer, physical pixels. */
export const MAX_SIDE_PX = 8192;
/** Largest area of a surface's buffer, physical pixels (8192 x 4320). */
export const MAX_AREA_PX = 8192 * 4320;
/**
 * A buffer is at most so many times as large as the output (the largest one that was told in the session): programs that know
 * whole scales only draw up to twice as wide and high as a fractional scale needs.
 */
export const MAX_BUFFER_OUTPUTS = 4;
/** On a small output too a video of this size may be shown: 3840 x 2160. */
export const MIN_LARGEST_BUFFER_PX = 3840 * 2160;
export function maxBufferPx(outputPx: number): number {
  return Math.min(MAX_AREA_PX, Math.max(MIN_LARGEST_BUFFER_PX, outputPx * MAX_BUFFER_OUTPUTS));
}
/** Pixels of one rectangle that is not of one colour: it is decoded in one piece. The agent's have a quarter of them. */
export const MAX_RECT_PX = 256 * 1024;
export const MAX_SCALE = 4;
/** Damage rectangles of one Frame message. */
export const MAX_DAMAGE_RECTS = 1024;
/** Messages that make up one frame. */
export const MAX_FRAME_PARTS = 1024;
/** How often the rectangles of one frame may cover it, over all of its messages: it is decoded in one task. */
export const MAX_FRAME_COVERS = 2;
/**
 * Damage rectangles of one frame, over all of its messages. The agent's rectangles are runs of tiles of 64x32 that do not touch,
 * cut into bands: at worst every other tile, 4096 pixels for each, and a few more at the edges.
 */
export function maxFrameRects(areaPx: number): number {
  return MAX_DAMAGE_RECTS + Math.floor(areaPx / 2048);
}
/** Credits of one surface that may be open at once. */
export const MAX_OPEN_CREDITS = 8;

/** Windows (toplevels) of one VM. */
export const MAX_WINDOWS = 256;
/** Surfaces of all roles of one VM. */
export const MAX_SURFACES = 1024;
/** Popups above one window. */
export const MAX_POPUP_DEPTH = 16;
/** Depth of subsurfaces. */
export const MAX_SUBSURFACE_DEPTH = 8;
/** Positions and offsets, absolute value, logical units. */
export const MAX_COORDINATE = 32_767;

/** The host's time as a guest may be told it, milliseconds since 1970: the years 2020 to 2099. */
export const MIN_CLOCK_MS = 1_577_836_800_000;
export const MAX_CLOCK_MS = 4_102_444_799_999;

export const MAX_TITLE_BYTES = 4096;
export const MAX_APP_ID_BYTES = 256;
export const MAX_SHAPE_BYTES = 64;
export const MAX_CURSOR_SIDE_PX = 256;
export const MAX_AGENT_BYTES = 128;
export const MAX_DETAIL_BYTES = 1024;

/** Applications of one VM, over all `Apps` messages of an answer. */
export const MAX_APPS = 2048;
export const MAX_APP_TEXT_BYTES = 512;
/** MIME types, and categories, of one application. */
export const MAX_APP_LIST = 256;
/** All texts of an answer, bytes; each is counted with APP_TEXT_BYTES more, which it takes as an object in memory. */
export const MAX_APPS_BYTES = 1024 * 1024;
export const APP_TEXT_BYTES = 32;

/** exec, launch: arguments, and bytes of all of them. */
export const MAX_ARGV = 1024;
export const MAX_ARGV_BYTES = 48 * 1024;
/** Execs of one VM that run at once. */
export const MAX_EXECS = 64;
/** Streams of one VM that are open at once. */
export const MAX_STREAMS = 256;
/** Credit of one stream that may be open at once, bytes. */
export const MAX_STREAM_CREDIT_BYTES = 1024 * 1024;
/** Largest payload of one StreamData, bytes. */
export const MAX_STREAM_CHUNK_BYTES = 64 * 1024;

/** Types of one offer of the clipboard, and bytes of one of them. */
export const MAX_CLIP_TYPES = 128;
export const MAX_CLIP_TYPE_BYTES = 256;
/** One clip, bytes. */
export const MAX_CLIP_BYTES = 64 * 1024 * 1024;
/** Requests of one VM's programs for the content of a clip that wait for the host at once. */
export const MAX_PASTES = 64;

/** Entries of one transfer's list, and bytes of all their paths. */
export const MAX_FILES = 100_000;
export const MAX_FILES_PATH_BYTES = 16 * 1024 * 1024;
/** One path of a list, and one name in it, bytes; folders in folders. */
export const MAX_FILE_PATH_BYTES = 4096;
export const MAX_FILE_NAME_BYTES = 255;
export const MAX_FILE_DEPTH = 64;
/** What is chosen for one transfer. */
export const MAX_CHOSEN_FILES = 1024;
/** Bytes of one transfer. */
export const MAX_TRANSFER_BYTES = 1024 * 1024 * 1024 * 1024;
/** Transfers of one VM at once, files that are watched, and requests to open, send or scan that wait for an answer. */
export const MAX_TRANSFERS = 16;
export const MAX_FILE_WATCHES = 64;
export const MAX_OPENS_WANTED = 64;
/** Files and folders of one request to scan, and requests to scan of one VM that wait for an answer. */
export const MAX_SCAN_PATHS = 256;
export const MAX_SCANS_WANTED = 8;
/** Results of one FilesDone, and entries that one FilesSend leaves out. */
export const MAX_FILE_RESULTS = 256;
export const MAX_FILES_LEFT_OUT = 8192;
/** Data of one record of a transfer's stream. */
export const MAX_FILE_RECORD_BYTES = 256 * 1024;
/** Folders of one VM that are shown at once, entries that are told of each, and acts that wait for their answer. */
export const MAX_FOLDERS = 8;
export const MAX_FOLDER_ENTRIES = 500;
export const MAX_FILE_ACTS = 16;
/** A link to open. Browsers take longer ones, but nobody can judge one by eye. */
export const MAX_URL_BYTES = 8192;

/** A message that has begun must be complete within this, milliseconds. */
export const PARTIAL_MESSAGE_MS = 10_000;

/**
 * What one VM may say: so much a second, and a burst at once after a rest; above it the VM is cut off. Of an agent: a new
 * session sends MAX_SURFACES at once, one program may open 2,000 more before it is ended for it (floods.rs), and the
 * largest cursor that changes with every frame of the screen is 15 MiB a second.
 */
export const MAX_CONTROL_MESSAGES_PER_S = 5_000;
export const MAX_CONTROL_MESSAGES_BURST = 15_000;
export const MAX_CONTROL_BYTES_PER_S = 16 * 1024 * 1024;
export const MAX_CONTROL_BYTES_BURST = 32 * 1024 * 1024;
/** Surfaces of all roles. */
export const MAX_OPENS_PER_S = 1_000;
export const MAX_OPENS_BURST = 4_000;
/**
 * Messages on `bulk`. Above it the host reads the port more slowly, and the guest waits: a program that writes its output
 * byte by byte has broken no rule.
 */
export const MAX_BULK_MESSAGES_PER_S = 10_000;
export const MAX_BULK_MESSAGES_BURST = 20_000;
/** Messages of a newer minor version, on all ports together: as the lower one is spoken, there are hardly any. */
export const MAX_UNKNOWN_MESSAGES_PER_S = 100;
export const MAX_UNKNOWN_MESSAGES_BURST = 300;
