/**
 * For every field of every message that an agent may send: which values of it are accepted, and which are a violation. Each
 * value is said in place of the field's own in a sound message (SOUND), in a VM of which scene.ts says what is open.
 */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import {
  Encoding,
  FileKind,
  FileOutcome,
  FileReason,
  HeaderSchema,
  Kind,
  PixelFormat,
  Selection,
  WindowRequest,
} from "#shared/protocol/gen/atoll_pb.ts";
import type { WireMessageName } from "#shared/protocol/header.ts";
import * as limits from "#shared/protocol/limits.ts";
import { PROTOCOL_MAJOR } from "#shared/protocol/session.ts";
import type { ViolationCode } from "#shared/protocol/violation.ts";
import { ROUTES } from "../services/index.ts";
import { LZ4_BLOCK_OF_A_PIXEL, OFFERED_TYPE, PING_NONCE } from "./scene.ts";

export type Fields = Readonly<Record<string, unknown>>;

export interface Row {
  good: readonly unknown[];
  bad: readonly (readonly [unknown, ViolationCode])[];
  /** Why a field has no bound. */
  reason?: string;
  /** Fields that the message has besides, for this row. */
  beside?: Fields;
}

const LIMITS: Readonly<Record<string, unknown>> = limits;

const U32 = 0xffff_ffff;
/** An enum is a signed number on the wire. */
const I32 = 0x7fff_ffff;

/** Bounds of limits.ts that a row holds. */
export const HELD_BY_FIELDS = new Set<string>();
function limit(name: string): number {
  const value = LIMITS[name];
  if (typeof value !== "number") throw new Error(`limits.ts has no number ${name}`);
  HELD_BY_FIELDS.add(name);
  return value;
}

function within(min: number, max: number, code: ViolationCode = "number-out-of-range"): Row {
  return { good: [min, max], bad: [...(min === 0 ? [] : [[min - 1, code] as const]), [max + 1, code]] };
}

/** The last two are the same length in UTF-16 and too long in UTF-8. */
function text(name: string): Row {
  const max = limit(name);
  return {
    good: ["", "x".repeat(max), "ü".repeat(max / 2)],
    bad: [
      ["x".repeat(max + 1), "text-too-long"],
      ["ü".repeat(max / 2 + 1), "text-too-long"],
    ],
  };
}

function count(name: string, element: (at: number) => unknown): Row {
  const many = (length: number): unknown[] => Array.from({ length }, (_, at) => element(at));
  const max = limit(name);
  return { good: [[], many(max)], bad: [[many(max + 1), "quota"]] };
}

function only(good: readonly unknown[], bad: Row["bad"]): Row {
  return { good, bad };
}

/** Bytes of a text that is ASCII. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes that begin at the root. */
function absolute(): Row {
  const max = limit("MAX_FILE_PATH_BYTES");
  return {
    good: [bytesOf("/"), bytesOf(`/${"x".repeat(max - 1)}`), Uint8Array.of(0x2f, 0xff)],
    bad: [
      [bytesOf(`/${"x".repeat(max)}`), "text-too-long"],
      [bytesOf("a/b"), "bad-path"],
      [bytesOf("/a\0"), "bad-path"],
    ],
  };
}

/** Bytes of one component of a path. */
function name(): Row {
  const max = limit("MAX_FILE_NAME_BYTES");
  return {
    good: [bytesOf("a b"), bytesOf("x".repeat(max)), Uint8Array.of(0xff)],
    bad: [
      [bytesOf("x".repeat(max + 1)), "text-too-long"],
      [bytesOf(""), "bad-path"],
      [bytesOf("a/b"), "bad-path"],
      [bytesOf(".."), "bad-path"],
      [bytesOf("a\0"), "bad-path"],
    ],
  };
}

function anyNumber(reason: string, max = U32): Row {
  return { good: [0, 1, max], bad: [], reason };
}

function optional(reason: string): Row {
  return { good: [undefined], bad: [], reason };
}

const PID = anyNumber("a number of the guest's own, which nothing on the host is looked up by");
const HINT = anyNumber("cut down to MAX_SIDE_PX (fields.test.ts)");
const FAILURE_CODE = anyNumber('codes of a newer agent are "other" (failure.ts)', I32);
const DECORATION = anyNumber("all but CLIENT get a frame of the host's", I32);

const coordinate = (): Row => within(-limit("MAX_COORDINATE"), limit("MAX_COORDINATE"));
const side = (): Row => within(1, limit("MAX_SIDE_PX"));
const scale = (): Row => within(1, limit("MAX_SCALE"));
const kind = (): Row =>
  only(
    [Kind.WAYLAND, Kind.X11],
    [
      [Kind.UNSPECIFIED, "number-out-of-range"],
      [Kind.X11 + 1, "number-out-of-range"],
    ],
  );

const NEW_SURFACE = only(
  [4, U32],
  [
    [0, "number-out-of-range"],
    [3, "surface-reused"],
  ],
);
const WINDOW = only(
  [1],
  [
    [0, "unknown-surface"],
    [2, "wrong-role"],
    [3, "wrong-role"],
    [9, "unknown-surface"],
  ],
);
const DIALOG_PARENT = only(
  [0, 1, 9],
  [
    [2, "bad-parent"],
    [3, "bad-parent"],
  ],
);
const REQUEST = only(
  [1],
  [
    [0, "unknown-request"],
    [2, "unknown-request"],
  ],
);

/** 1 waits for its answer. */
const WANTED = only(
  [3, 4, U32],
  [
    [0, "number-out-of-range"],
    [1, "number-out-of-range"],
    [2, "number-out-of-range"],
  ],
);

const hints = (path: string): Record<string, Row> => ({
  [path]: optional("a window without hints"),
  [`${path}.minWidth`]: HINT,
  [`${path}.minHeight`]: HINT,
  [`${path}.maxWidth`]: HINT,
  [`${path}.maxHeight`]: HINT,
  [`${path}.baseWidth`]: HINT,
  [`${path}.baseHeight`]: HINT,
  [`${path}.stepWidth`]: HINT,
  [`${path}.stepHeight`]: HINT,
  [`${path}.minAspect`]: HINT,
  [`${path}.maxAspect`]: HINT,
});
const rect = (path: string, isOptional: boolean): Record<string, Row> => ({
  [path]: isOptional ? optional("the whole surface") : only([], [[undefined, "number-out-of-range"]]),
  [`${path}.x`]: coordinate(),
  [`${path}.y`]: coordinate(),
  [`${path}.width`]: side(),
  [`${path}.height`]: side(),
});

/** Of what a transfer lists. */
const FILE = { index: 0, kind: FileKind.FILE, path: bytesOf("a"), size: 8n };
const DIGEST = new Uint8Array(32);
const FILE_REASON_NUMBERS = Array.from({ length: FileReason.STOPPED }, (_, at) => at + 1);

/** A solid pixel. */
const PIXEL = { x: 0, y: 0, width: 1, height: 1, encoding: Encoding.SOLID, size: 4 };
/** Width and height of the sound frame. */
const FRAME_SIDE = 64;

/** What an agent may say in the scene; each is accepted as it stands. */
export const SOUND: Readonly<Partial<Record<WireMessageName, Fields>>> = {
  hello: { major: PROTOCOL_MAJOR },
  windowOpened: { surface: 4, kind: Kind.WAYLAND, hints: {} },
  windowChanged: { surface: 1, hints: {} },
  popupOpened: { surface: 4, kind: Kind.WAYLAND, parent: 1, rect: { width: 1, height: 1 } },
  popupMoved: { surface: 2, rect: { width: 1, height: 1 } },
  subsurfaceOpened: { surface: 4, parent: 1 },
  childrenPlaced: { parent: 1, children: [{ surface: 3 }] },
  windowRequested: { surface: 1, request: WindowRequest.RESIZE, edges: 1 },
  surfaceClosed: { surface: 1 },
  cursorChanged: { cursor: { case: "bitmap", value: { width: 1, height: 1, scale: 1 } } },
  pointerLockWanted: { surface: 1 },
  launched: { request: 1 },
  programEnded: { request: 2, code: 1 },
  apps: { request: 1, apps: [{}] },
  appsChanged: {},
  pong: { nonce: PING_NONCE },
  requestFailed: { request: 1 },
  clipOffered: { selection: Selection.CLIPBOARD, generation: 2, types: [OFFERED_TYPE] },
  pasteWanted: { request: 2, offer: 1, type: OFFERED_TYPE },
  pasteDropped: { request: 1 },
  pasteTaken: { stream: 6 },
  openWanted: { wanted: 3, path: bytesOf("/a"), mimeType: "a/b" },
  sendWanted: { wanted: 3, paths: [bytesOf("/a")], to: "web", count: 1024 },
  scanWanted: { wanted: 3, paths: [bytesOf("/a")] },
  scanDropped: { wanted: 2 },
  filesListed: { transfer: 1, entries: [FILE], last: true },
  filesReady: { transfer: 3, first: 0, offset: 1n, prefixSha256: DIGEST },
  filesDone: { transfer: 3, results: [{ index: 0, outcome: FileOutcome.WHOLE, sha256: DIGEST, path: bytesOf("/a") }] },
  filesEnded: { transfer: 1, reason: FileReason.GONE },
  fileSaved: { watch: 1, size: 1n, sha256: DIGEST },
  folderChanged: { folder: 1, entries: [{ name: bytesOf("a") }], last: true },
  fileActed: { act: 1, path: bytesOf("/a") },
  frame: {
    surface: 1,
    serial: 1,
    width: FRAME_SIDE,
    height: FRAME_SIDE,
    scale: 1,
    geometry: { width: 1, height: 1 },
    format: PixelFormat.XRGB8888,
    damage: [PIXEL],
    last: true,
  },
  execStarted: { exec: 1 },
  execFailed: { exec: 1 },
  serviceConnected: { toProgram: 10 },
  execExited: { exec: 2 },
  streamData: { stream: 2 },
  streamEnd: { stream: 2 },
  streamCredit: { stream: 1, bytes: 1 },
};

/** By `message.field.field`; `[]` is an element of a list of numbers or texts. Flags are left out: both of their values are. */
export const ROWS: Readonly<Record<string, Row>> = {
  "hello.major": only(
    [PROTOCOL_MAJOR],
    [
      [PROTOCOL_MAJOR - 1, "wrong-version"],
      [PROTOCOL_MAJOR + 1, "wrong-version"],
    ],
  ),
  "hello.minor": anyNumber("the lower of the two is spoken"),
  "hello.agent": text("MAX_AGENT_BYTES"),

  "windowOpened.surface": NEW_SURFACE,
  "windowOpened.kind": kind(),
  "windowOpened.pid": PID,
  "windowOpened.launch": anyNumber("one that the host has not asked for counts as none (requests.test.ts)"),
  "windowOpened.title": text("MAX_TITLE_BYTES"),
  "windowOpened.appId": text("MAX_APP_ID_BYTES"),
  "windowOpened.parent": DIALOG_PARENT,
  ...hints("windowOpened.hints"),
  "windowOpened.decoration": DECORATION,

  "windowChanged.surface": WINDOW,
  "windowChanged.title": text("MAX_TITLE_BYTES"),
  "windowChanged.appId": text("MAX_APP_ID_BYTES"),
  "windowChanged.parent": DIALOG_PARENT,
  ...hints("windowChanged.hints"),
  "windowChanged.decoration": DECORATION,

  "popupOpened.surface": NEW_SURFACE,
  "popupOpened.kind": kind(),
  "popupOpened.parent": only(
    [1, 2],
    [
      [0, "bad-parent"],
      [3, "bad-parent"],
      [4, "bad-parent"],
      [9, "bad-parent"],
    ],
  ),
  ...rect("popupOpened.rect", false),

  "popupMoved.surface": only(
    [2],
    [
      [1, "wrong-role"],
      [3, "wrong-role"],
      [9, "unknown-surface"],
    ],
  ),
  ...rect("popupMoved.rect", false),

  "subsurfaceOpened.surface": NEW_SURFACE,
  "subsurfaceOpened.parent": only(
    [1, 2, 3],
    [
      [0, "bad-parent"],
      [4, "bad-parent"],
      [9, "bad-parent"],
    ],
  ),

  "childrenPlaced.parent": only(
    [1],
    [
      [0, "unknown-surface"],
      [2, "bad-parent"],
      [9, "unknown-surface"],
    ],
  ),
  // As many as there can be surfaces: MAX_SURFACES in limits.test.ts.
  "childrenPlaced.children": only(
    [[], [{ surface: 1 }, { surface: 3 }]],
    [[[{ surface: 3 }, { surface: 3 }], "bad-parent"]],
  ),
  "childrenPlaced.children.surface": only(
    [1, 3],
    [
      [0, "unknown-surface"],
      [2, "wrong-role"],
      [9, "unknown-surface"],
    ],
  ),
  "childrenPlaced.children.x": coordinate(),
  "childrenPlaced.children.y": coordinate(),

  "windowRequested.surface": WINDOW,
  "windowRequested.request": only(
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, WindowRequest.ATTENTION],
    [
      [WindowRequest.UNSPECIFIED, "number-out-of-range"],
      [WindowRequest.ATTENTION + 1, "number-out-of-range"],
      [-1, "number-out-of-range"],
    ],
  ),
  "windowRequested.edges": within(1, 15),

  "surfaceClosed.surface": only(
    [1, 2, 3],
    [
      [0, "unknown-surface"],
      [9, "unknown-surface"],
    ],
  ),

  "cursorChanged.shape": text("MAX_SHAPE_BYTES"),
  "cursorChanged.bitmap": only([{ width: 1, height: 1, scale: 1 }], [[{}, "number-out-of-range"]]),
  "cursorChanged.bitmap.width": within(1, limit("MAX_CURSOR_SIDE_PX")),
  "cursorChanged.bitmap.height": within(1, limit("MAX_CURSOR_SIDE_PX")),
  "cursorChanged.bitmap.hotX": only([0], [[1, "number-out-of-range"]]),
  "cursorChanged.bitmap.hotY": only([0], [[1, "number-out-of-range"]]),
  "cursorChanged.bitmap.scale": scale(),

  "pointerLockWanted.surface": only(
    [0, 1, 2, 3],
    [
      [9, "unknown-surface"],
      [0xffff_ffff, "unknown-surface"],
    ],
  ),

  "launched.request": REQUEST,
  "launched.pid": PID,

  "programEnded.request": only(
    [2],
    [
      [0, "unknown-request"],
      [1, "unknown-request"],
      [3, "unknown-request"],
    ],
  ),
  "programEnded.code": within(0, 255),
  "programEnded.signal": within(0, 127),

  "apps.request": REQUEST,
  "apps.apps": count("MAX_APPS", () => ({})),
  "apps.apps.id": text("MAX_APP_TEXT_BYTES"),
  "apps.apps.name": text("MAX_APP_TEXT_BYTES"),
  "apps.apps.mimeTypes": count("MAX_APP_LIST", () => "a/b"),
  "apps.apps.mimeTypes[]": text("MAX_APP_TEXT_BYTES"),
  "apps.apps.categories": count("MAX_APP_LIST", () => "Office"),
  "apps.apps.categories[]": text("MAX_APP_TEXT_BYTES"),

  "pong.nonce": only(
    [PING_NONCE],
    [
      [0n, "unknown-request"],
      [PING_NONCE + 1n, "unknown-request"],
      [0xffff_ffff_ffff_ffffn, "unknown-request"],
    ],
  ),

  "requestFailed.request": REQUEST,
  "requestFailed.code": FAILURE_CODE,
  "requestFailed.detail": text("MAX_DETAIL_BYTES"),

  "clipOffered.selection": only(
    [Selection.CLIPBOARD, Selection.PRIMARY],
    [
      [Selection.UNSPECIFIED, "number-out-of-range"],
      [Selection.PRIMARY + 1, "number-out-of-range"],
      [-1, "number-out-of-range"],
    ],
  ),
  "clipOffered.generation": only(
    [2, 3, U32],
    [
      [0, "number-out-of-range"],
      [1, "number-out-of-range"],
    ],
  ),
  "clipOffered.types": count("MAX_CLIP_TYPES", (at) => `x/${at}`),
  "clipOffered.types[]": text("MAX_CLIP_TYPE_BYTES"),

  "pasteWanted.request": only(
    [2, 3, U32],
    [
      [0, "number-out-of-range"],
      [1, "number-out-of-range"],
    ],
  ),
  "pasteWanted.offer": only(
    [1],
    [
      [0, "unknown-offer"],
      [2, "unknown-offer"],
    ],
  ),
  "pasteWanted.type": only(
    [OFFERED_TYPE],
    [
      ["text/html", "unknown-type"],
      ["", "unknown-type"],
      ["x".repeat(limit("MAX_CLIP_TYPE_BYTES") + 1), "text-too-long"],
    ],
  ),

  "pasteDropped.request": REQUEST,

  "pasteTaken.stream": only(
    [6],
    [
      [0, "unknown-stream"],
      [1, "unknown-stream"],
      [7, "unknown-stream"],
    ],
  ),

  "frame.surface": only(
    [1],
    [
      [0, "no-credit"],
      [2, "no-credit"],
      [9, "no-credit"],
    ],
  ),
  "openWanted.wanted": WANTED,
  "openWanted.url": {
    ...text("MAX_URL_BYTES"),
    good: ["x".repeat(limit("MAX_URL_BYTES")), "ü".repeat(limit("MAX_URL_BYTES") / 2)],
    beside: { path: new Uint8Array(0) },
  },
  "openWanted.path": {
    ...absolute(),
    bad: [...absolute().bad, [new Uint8Array(0), "unknown-type"]],
  },
  "openWanted.mimeType": text("MAX_CLIP_TYPE_BYTES"),
  "sendWanted.wanted": WANTED,
  "sendWanted.paths": only([[bytesOf("/a")]], [[[], "number-out-of-range"]]),
  "sendWanted.paths[]": { ...absolute(), bad: [...absolute().bad, [new Uint8Array(0), "bad-path"]] },
  "sendWanted.to": text("MAX_APP_ID_BYTES"),
  "sendWanted.count": within(1, limit("MAX_CHOSEN_FILES")),
  "scanWanted.wanted": WANTED,
  "scanWanted.paths": only(
    [[bytesOf("/a")], Array.from({ length: limit("MAX_SCAN_PATHS") }, () => bytesOf("/a"))],
    [
      [[], "number-out-of-range"],
      [Array.from({ length: limit("MAX_SCAN_PATHS") + 1 }, () => bytesOf("/a")), "number-out-of-range"],
    ],
  ),
  "scanWanted.paths[]": { ...absolute(), bad: [...absolute().bad, [new Uint8Array(0), "bad-path"]] },
  // Request 1 of the scene is to open something.
  "scanDropped.wanted": only(
    [2],
    [
      [0, "unknown-request"],
      [1, "wrong-state"],
      [3, "unknown-request"],
    ],
  ),

  "filesListed.transfer": only(
    [1],
    [
      [0, "unknown-transfer"],
      [2, "wrong-state"],
      [3, "wrong-state"],
      [5, "unknown-transfer"],
    ],
  ),
  // As many as there can be: MAX_FILES in limits.test.ts.
  "filesListed.entries": only([[], [FILE], [FILE, { ...FILE, index: 1 }]], [[[FILE, FILE], "number-out-of-range"]]),
  "filesListed.entries.index": only([0], [[1, "number-out-of-range"]]),
  "filesListed.entries.kind": only(
    [FileKind.FILE],
    [
      [FileKind.UNSPECIFIED, "number-out-of-range"],
      // With a size, and without a reason.
      [FileKind.FOLDER, "number-out-of-range"],
      [FileKind.LEFT_OUT, "number-out-of-range"],
      [FileKind.LEFT_OUT + 1, "number-out-of-range"],
    ],
  ),
  "filesListed.entries.path": {
    good: [bytesOf("a"), bytesOf("a/..."), Uint8Array.of(0xff, 0x0a)],
    bad: [
      [new Uint8Array(0), "bad-path"],
      [bytesOf("x".repeat(limit("MAX_FILE_PATH_BYTES") + 1)), "text-too-long"],
      ...["/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a\0"].map(
        (path) => [bytesOf(path), "bad-path"] as const,
      ),
    ],
  },
  "filesListed.entries.size": {
    good: [0n, BigInt(limit("MAX_TRANSFER_BYTES"))],
    bad: [
      [BigInt(limit("MAX_TRANSFER_BYTES")) + 1n, "number-out-of-range"],
      [0xffff_ffff_ffff_ffffn, "number-out-of-range"],
    ],
  },
  "filesListed.entries.modifiedS": {
    good: [0n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n],
    bad: [],
    reason: "cut down to a time that there is (files.test.ts)",
  },
  "filesListed.entries.reason": {
    ...within(FileReason.SYMLINK, FileReason.STOPPED),
    good: FILE_REASON_NUMBERS,
    beside: { entries: [{ ...FILE, kind: FileKind.LEFT_OUT }] },
  },
  "filesListed.entries.sha256": only(
    [new Uint8Array(0)],
    [
      [new Uint8Array(1), "number-out-of-range"],
      [new Uint8Array(32), "number-out-of-range"],
    ],
  ),

  "filesReady.transfer": only(
    [3],
    [
      [0, "unknown-transfer"],
      [1, "wrong-state"],
      [4, "wrong-state"],
      [5, "unknown-transfer"],
    ],
  ),
  "filesReady.first": {
    good: [0, 1, 2],
    bad: [[3, "number-out-of-range"]],
    beside: { offset: 0n, prefixSha256: new Uint8Array(0) },
  },
  "filesReady.offset": only(
    [1n, 8n],
    [
      // With a digest.
      [0n, "number-out-of-range"],
      [9n, "number-out-of-range"],
      [0xffff_ffff_ffff_ffffn, "number-out-of-range"],
    ],
  ),
  "filesReady.prefixSha256": only(
    [DIGEST],
    [
      [new Uint8Array(0), "number-out-of-range"],
      [new Uint8Array(33), "number-out-of-range"],
    ],
  ),

  "filesDone.transfer": only(
    [3, 4],
    [
      [0, "unknown-transfer"],
      [1, "wrong-state"],
      [5, "unknown-transfer"],
    ],
  ),
  "filesDone.results": only(
    [[], [{ index: 1, outcome: FileOutcome.WHOLE }]],
    [
      [Array.from({ length: limit("MAX_FILE_RESULTS") + 1 }, () => ({ index: 0 })), "quota"],
      [Array.from({ length: 2 }, () => ({ index: 1, outcome: FileOutcome.WHOLE })), "unknown-file"],
    ],
  ),
  "filesDone.results.index": only([0, 1], [[2, "unknown-file"]]),
  "filesDone.results.outcome": only(
    [FileOutcome.WHOLE, FileOutcome.KEPT_BOTH, FileOutcome.SAME],
    [
      [FileOutcome.UNSPECIFIED, "number-out-of-range"],
      // Without a reason.
      [FileOutcome.REFUSED, "number-out-of-range"],
      [FileOutcome.FAILED, "number-out-of-range"],
      [FileOutcome.FAILED + 1, "number-out-of-range"],
    ],
  ),
  "filesDone.results.reason": {
    ...within(FileReason.SYMLINK, FileReason.STOPPED),
    good: FILE_REASON_NUMBERS,
    beside: { results: [{ index: 0, outcome: FileOutcome.FAILED }] },
  },
  "filesDone.results.sha256": only(
    [DIGEST],
    [
      [new Uint8Array(0), "number-out-of-range"],
      [new Uint8Array(31), "number-out-of-range"],
      [new Uint8Array(33), "number-out-of-range"],
    ],
  ),
  "filesDone.results.path": { ...absolute(), good: [new Uint8Array(0), ...absolute().good] },
  "filesDone.bytes": only(
    [0n, 8n],
    [
      [9n, "number-out-of-range"],
      [0xffff_ffff_ffff_ffffn, "number-out-of-range"],
    ],
  ),

  "filesEnded.transfer": only(
    [1, 2, 3, 4],
    [
      [0, "unknown-transfer"],
      [5, "unknown-transfer"],
    ],
  ),
  "filesEnded.reason": {
    ...within(FileReason.UNSPECIFIED, FileReason.STOPPED),
    good: [0, ...FILE_REASON_NUMBERS],
    bad: [
      [-1, "number-out-of-range"],
      [FileReason.STOPPED + 1, "number-out-of-range"],
    ],
  },
  "filesEnded.detail": text("MAX_DETAIL_BYTES"),

  "fileSaved.watch": only(
    [1, 2],
    [
      [0, "unknown-watch"],
      [3, "unknown-watch"],
    ],
  ),
  "fileSaved.size": {
    good: [0n, 0xffff_ffff_ffff_ffffn],
    bad: [],
    reason: "cut down to a number: who takes the file has a bound of its own",
  },
  "fileSaved.sha256": only(
    [DIGEST],
    [
      [new Uint8Array(0), "number-out-of-range"],
      [new Uint8Array(33), "number-out-of-range"],
    ],
  ),

  "folderChanged.folder": only(
    [1, 2],
    [
      [0, "unknown-folder"],
      [3, "unknown-folder"],
    ],
  ),
  "folderChanged.entries": count("MAX_FOLDER_ENTRIES", (at) => ({ name: bytesOf(String(at)) })),
  "folderChanged.entries.name": name(),
  "folderChanged.entries.size": {
    good: [0n, 0xffff_ffff_ffff_ffffn],
    bad: [],
    reason: "cut down to a number: it is shown and nothing else",
  },
  "folderChanged.entries.modifiedS": {
    good: [-(2n ** 63n), 0n, 2n ** 63n - 1n],
    bad: [],
    reason: "cut down to years that a calendar has",
  },
  "folderChanged.removed": {
    // Beside one entry: twice MAX_FOLDER_ENTRIES are told at once.
    good: [[], Array.from({ length: 999 }, (_, at) => bytesOf(String(at)))],
    bad: [[Array.from({ length: 1_000 }, (_, at) => bytesOf(String(at))), "quota"]],
  },
  "folderChanged.removed[]": name(),
  "folderChanged.more": anyNumber("a count that is shown"),
  "fileActed.act": only(
    [1],
    [
      [0, "unknown-act"],
      [2, "unknown-act"],
    ],
  ),
  "fileActed.reason": {
    good: [0, ...FILE_REASON_NUMBERS],
    bad: [
      [-1, "number-out-of-range"],
      [FileReason.STOPPED + 1, "number-out-of-range"],
    ],
  },
  "fileActed.path": absolute(),

  "frame.serial": only([1, U32], [[0, "bad-frame"]]),
  "frame.width": side(),
  "frame.height": side(),
  "frame.scale": scale(),
  "frame.viewportWidth": within(0, limit("MAX_SIDE_PX")),
  "frame.viewportHeight": within(0, limit("MAX_SIDE_PX")),
  ...rect("frame.geometry", true),
  "frame.format": only(
    [PixelFormat.XRGB8888, PixelFormat.ARGB8888],
    [
      [PixelFormat.UNSPECIFIED, "bad-frame"],
      [PixelFormat.ARGB8888 + 1, "bad-frame"],
    ],
  ),
  "frame.configureSerial": anyNumber("only compared with the host's own"),
  "frame.damage": count("MAX_DAMAGE_RECTS", () => PIXEL),
  "frame.damage.x": within(0, FRAME_SIDE - 1, "bad-frame"),
  "frame.damage.y": within(0, FRAME_SIDE - 1, "bad-frame"),
  "frame.damage.width": within(1, FRAME_SIDE, "bad-frame"),
  "frame.damage.height": within(1, FRAME_SIDE, "bad-frame"),
  "frame.damage.encoding": only(
    [Encoding.RAW, Encoding.LZ4, Encoding.SOLID],
    [
      [Encoding.UNSPECIFIED, "bad-frame"],
      [Encoding.SOLID + 1, "bad-frame"],
      [-1, "bad-frame"],
    ],
  ),
  // Of a raw rectangle, and one of one colour, it can be one number only; of a block this.
  "frame.damage.size": {
    ...within(1, LZ4_BLOCK_OF_A_PIXEL, "bad-frame"),
    beside: { damage: [{ ...PIXEL, encoding: Encoding.LZ4 }] },
  },

  "execStarted.exec": only(
    [1],
    [
      [0, "unknown-exec"],
      [2, "wrong-state"],
      [3, "unknown-exec"],
    ],
  ),
  "execStarted.pid": PID,
  "execFailed.exec": only(
    [1],
    [
      [0, "unknown-exec"],
      [2, "wrong-state"],
      [3, "unknown-exec"],
    ],
  ),
  "execFailed.code": FAILURE_CODE,
  "execFailed.detail": text("MAX_DETAIL_BYTES"),
  "execExited.exec": only(
    [2],
    [
      [0, "unknown-exec"],
      [1, "wrong-state"],
      [3, "unknown-exec"],
    ],
  ),
  "execExited.code": within(0, 255),
  "execExited.signal": within(0, 127),

  "serviceConnected.toProgram": only(
    [10],
    [
      [0, "unknown-stream"],
      [1, "unknown-stream"],
      [11, "unknown-stream"],
      [12, "unknown-stream"],
    ],
  ),

  "streamData.stream": only(
    [2, 3],
    [
      [0, "unknown-stream"],
      [1, "wrong-direction"],
      [5, "wrong-state"],
      [6, "wrong-direction"],
      [12, "unknown-stream"],
    ],
  ),
  "streamEnd.stream": only(
    [1, 2, 3, 6],
    [
      [0, "unknown-stream"],
      [5, "wrong-state"],
      [12, "unknown-stream"],
    ],
  ),
  "streamCredit.stream": only(
    [1, 4, 6],
    [
      [0, "unknown-stream"],
      [2, "wrong-direction"],
      [5, "wrong-state"],
      [12, "unknown-stream"],
    ],
  ),
  "streamCredit.bytes": within(1, limit("MAX_STREAM_CREDIT_BYTES")),
};

export interface FieldOfAgent {
  path: string;
  name: WireMessageName;
  /** The fields to it, from the message's own. */
  fields: readonly DescField[];
  /** It stands for an element of a list of numbers or texts. */
  isElement: boolean;
}

/** Every field of every message that an agent may send, nested ones with their path, but for flags. */
export const FIELDS: readonly FieldOfAgent[] = HeaderSchema.fields.flatMap((field) => {
  const name = field.localName as WireMessageName;
  return ROUTES.toHost.has(name) && field.message !== undefined ? fieldsOf(name, field.message, []) : [];
});

function fieldsOf(name: WireMessageName, message: DescMessage, above: readonly DescField[]): FieldOfAgent[] {
  return message.fields.flatMap((field) => {
    if (field.fieldKind === "scalar" && field.scalar === ScalarType.BOOL) return [];
    const fields = [...above, field];
    const path = [name, ...fields.map(({ localName }) => localName)].join(".");
    const own: FieldOfAgent = { path, name, fields, isElement: false };
    if (field.message !== undefined) return [own, ...fieldsOf(name, field.message, fields)];
    return field.fieldKind === "list" ? [own, { path: `${path}[]`, name, fields, isElement: true }] : [own];
  });
}
