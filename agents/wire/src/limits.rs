//! Every bound of the wire that the agent needs; the same values as shared/protocol/limits.ts (a test compares them).

/// Largest value of a message's `length` field: 4 + header + payload, bytes.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
/// Largest protobuf header, bytes.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;
/// Random bytes that follow the magic in a port's opening.
pub const EPOCH_BYTES: usize = 16;

/// Longest side of a surface's buffer, physical pixels.
pub const MAX_SIDE_PX: u32 = 8192;
/// Largest area of a surface's buffer, physical pixels.
pub const MAX_AREA_PX: u32 = 8192 * 4320;
/// A buffer is at most so many times as large as the output (the largest one that was told in the session).
pub const MAX_BUFFER_OUTPUTS: u32 = 4;
/// On a small output too a buffer of this size may be shown.
pub const MIN_LARGEST_BUFFER_PX: u32 = 3840 * 2160;
/// Pixels of one rectangle that is not of one colour.
pub const MAX_RECT_PX: usize = 256 * 1024;
pub const MAX_SCALE: u32 = 4;

/// Largest area of a surface's buffer with an output of so many pixels.
#[must_use]
pub fn max_buffer_px(output_px: u32) -> u32 {
    output_px.saturating_mul(MAX_BUFFER_OUTPUTS).clamp(MIN_LARGEST_BUFFER_PX, MAX_AREA_PX)
}
/// Damage rectangles of one Frame message. Over all messages of a frame they may be this many and one more for each
/// 2048 of its pixels, and cover it twice (limits.ts): tiles that do not overlap stay far below both.
pub const MAX_DAMAGE_RECTS: usize = 1024;
/// Messages that make up one frame.
pub const MAX_FRAME_PARTS: usize = 1024;
/// Credits of one surface that may be open at once.
pub const MAX_OPEN_CREDITS: u32 = 8;

/// Windows (toplevels) of one VM.
pub const MAX_WINDOWS: usize = 256;
/// Surfaces of all roles of one VM.
pub const MAX_SURFACES: usize = 1024;
/// Popups above one window.
pub const MAX_POPUP_DEPTH: usize = 16;
/// Depth of subsurfaces.
pub const MAX_SUBSURFACE_DEPTH: usize = 8;
/// Positions and offsets, absolute value, logical units.
pub const MAX_COORDINATE: i32 = 32_767;

/// The host's time as a guest may be told it, milliseconds since 1970: the years 2020 to 2099.
pub const MIN_CLOCK_MS: u64 = 1_577_836_800_000;
pub const MAX_CLOCK_MS: u64 = 4_102_444_799_999;

pub const MAX_TITLE_BYTES: usize = 4096;
pub const MAX_APP_ID_BYTES: usize = 256;
pub const MAX_SHAPE_BYTES: usize = 64;
pub const MAX_CURSOR_SIDE_PX: u32 = 256;
pub const MAX_AGENT_BYTES: usize = 128;
pub const MAX_DETAIL_BYTES: usize = 1024;

/// Applications of one VM, over all `Apps` messages of an answer.
pub const MAX_APPS: usize = 2048;
pub const MAX_APP_TEXT_BYTES: usize = 512;
/// MIME types, and categories, of one application.
pub const MAX_APP_LIST: usize = 256;
/// All texts of an answer, bytes; each is counted with APP_TEXT_BYTES more.
pub const MAX_APPS_BYTES: usize = 1024 * 1024;
pub const APP_TEXT_BYTES: usize = 32;

/// exec, launch: arguments, and bytes of all of them.
pub const MAX_ARGV: usize = 1024;
pub const MAX_ARGV_BYTES: usize = 48 * 1024;
/// Execs of one VM that run at once.
pub const MAX_EXECS: usize = 64;
/// Streams of one VM that are open at once.
pub const MAX_STREAMS: usize = 256;
/// Credit of one stream that may be open at once, bytes.
pub const MAX_STREAM_CREDIT_BYTES: u32 = 1024 * 1024;
/// Largest payload of one StreamData, bytes.
pub const MAX_STREAM_CHUNK_BYTES: usize = 64 * 1024;

/// Types of one offer of the clipboard, and bytes of one of them.
pub const MAX_CLIP_TYPES: usize = 128;
pub const MAX_CLIP_TYPE_BYTES: usize = 256;
/// One clip, bytes.
pub const MAX_CLIP_BYTES: usize = 64 * 1024 * 1024;
/// Requests of one VM's programs for the content of a clip that wait for the host at once.
pub const MAX_PASTES: usize = 64;

/// Entries of one transfer's list, and bytes of all their paths.
pub const MAX_FILES: usize = 100_000;
pub const MAX_FILES_PATH_BYTES: usize = 16 * 1024 * 1024;
/// One path of a list, and one name in it, bytes; folders in folders.
pub const MAX_FILE_PATH_BYTES: usize = 4096;
pub const MAX_FILE_NAME_BYTES: usize = 255;
pub const MAX_FILE_DEPTH: usize = 64;
/// What is chosen for one transfer.
pub const MAX_CHOSEN_FILES: usize = 1024;
/// Bytes of one transfer.
pub const MAX_TRANSFER_BYTES: u64 = 1024 * 1024 * 1024 * 1024;
/// Transfers of one VM at once, files that are watched, and requests to open, send or scan that wait for an answer.
pub const MAX_TRANSFERS: usize = 16;
pub const MAX_FILE_WATCHES: usize = 64;
pub const MAX_OPENS_WANTED: usize = 64;
/// Files and folders of one request to scan, and requests to scan of one VM that wait for an answer.
pub const MAX_SCAN_PATHS: usize = 256;
pub const MAX_SCANS_WANTED: usize = 8;
/// Results of one FilesDone, and entries that one FilesSend leaves out.
pub const MAX_FILE_RESULTS: usize = 256;
pub const MAX_FILES_LEFT_OUT: usize = 8192;
/// Data of one record of a transfer's stream.
pub const MAX_FILE_RECORD_BYTES: usize = 256 * 1024;
/// Folders of one VM that are shown at once, entries that are told of each, and acts that wait for their answer.
pub const MAX_FOLDERS: usize = 8;
pub const MAX_FOLDER_ENTRIES: usize = 500;
pub const MAX_FILE_ACTS: usize = 16;
/// A link to open.
pub const MAX_URL_BYTES: usize = 8192;
