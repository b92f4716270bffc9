/** A VM in which one of everything is open, so that an agent can say each of its messages about something. */
import { FileKind, Kind, Selection } from "#shared/protocol/gen/atoll_pb.ts";
import type { WireMessageInit } from "#shared/protocol/header.ts";
import { MAX_OPEN_CREDITS } from "#shared/protocol/limits.ts";
import { CLIPBOARD } from "../contracts/clipboard.ts";
import { APPS } from "../contracts/apps.ts";
import { EXECS } from "../contracts/execs.ts";
import { FILES } from "../contracts/files.ts";
import { FOLDERS } from "../contracts/folders.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { PROGRAM } from "../contracts/program.ts";
import { STREAMS } from "../contracts/streams.ts";
import { liveness } from "../services/liveness.ts";
import { ServiceHost } from "./service-host.ts";

/** Of the one ping that waits for its answer. */
export const PING_NONCE = 1n;
export const OFFERED_TYPE = "text/plain;charset=utf-8";
/** Largest LZ4 block of the four bytes of a pixel. */
export const LZ4_BLOCK_OF_A_PIXEL = 20;

/**
 * Window 1 with credit, popup 2 and subsurface 3 on it. Launch 1 and list 1 of applications without an answer; launch 2 runs.
 * Exec 1, not started: the host writes stream 1, the agent 2 and 3. Exec 2, started, with a terminal: streams 4 and 5, of which 5 has ended.
 * Generation 1 is offered, offer 1 announced and given ahead by stream 6; request 1 waits for it. Request 1 to open waits.
 * Of transfer 1 a list is awaited; 2 sends by stream 7; 3 expects a file of 8 bytes and a folder, for stream 8, and 4 receives them
 * by stream 9. File 1 is watched, 2 no longer. Folder 1 is shown, 2 no longer; act 1 waits for its answer. A service's program is
 * awaited: the host writes stream 10, the agent 11.
 *
 * Services have timers: they run on vitest's.
 *
 * @param advance lets so many milliseconds go by
 */
export function openScene(advance: (ms: number) => void): ServiceHost {
  const host = new ServiceHost();
  const say: ServiceHost["say"] = (name, value, payload) => {
    const outcome = host.say(name, value, payload);
    if (outcome !== "accepted") throw new Error(`${name}: ${outcome}`);
    return outcome;
  };
  say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  say("popupOpened", { surface: 2, kind: Kind.WAYLAND, parent: 1, rect: { width: 1, height: 1 } });
  say("subsurfaceOpened", { surface: 3, parent: 1 });
  host.command({ type: "credit", surface: 1, count: MAX_OPEN_CREDITS, shownSerial: 0 });
  host.order(LAUNCHES, { request: 1, appId: "foot", argv: [], files: [] });
  host.order(LAUNCHES, { request: 2, appId: "foot", argv: [], files: [] });
  say("launched", { request: 2, pid: 2 });
  host.order(APPS, { request: 1 });
  host.order(EXECS, { type: "start", exec: 1, argv: ["cat"], tty: null });
  host.order(EXECS, { type: "start", exec: 2, argv: ["sh"], tty: { columns: 80, rows: 24, term: "foot" } });
  say("execStarted", { exec: 2 });
  say("streamEnd", { stream: 5 });
  say("clipOffered", { selection: Selection.CLIPBOARD, generation: 1, types: [] });
  host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 1, types: [OFFERED_TYPE] });
  host.order(CLIPBOARD, {
    type: "give",
    giving: 1,
    target: { kind: "ahead", offer: 1, chord: null },
    as: OFFERED_TYPE,
    ruleBytes: null,
  });
  say("pasteWanted", { request: 1, offer: 1, type: OFFERED_TYPE });
  say("openWanted", { wanted: 1, url: "https://a/" });
  say("scanWanted", { wanted: 2, paths: [Uint8Array.of(0x2f)] });
  openTransfers(host, say);
  for (const folder of [1, 2]) host.order(FOLDERS, { type: "show", folder, path: Uint8Array.of(0x61) });
  host.order(FOLDERS, { type: "hide", folder: 2 });
  host.order(FOLDERS, { type: "act", act: 1, path: Uint8Array.of(0x61), what: { kind: "trash" } });
  host.order(PROGRAM, { type: "listen" });
  for (const stream of [2, 3]) host.order(STREAMS, { type: "grant", stream, bytes: 1024 * 1024 });
  host.use(liveness).opened();
  for (let waited = 0; host.sentOf("ping").length === 0 && waited < 60; waited += 1) advance(1_000);
  const [ping] = host.sentOf("ping");
  if (ping?.nonce !== PING_NONCE) throw new Error(`the first ping is ${ping?.nonce}`);
  return host;
}

/** See openScene. */
function openTransfers(host: ServiceHost, say: ServiceHost["say"]): void {
  const path = Uint8Array.of(0x61);
  const entry = { index: 0, kind: FileKind.FILE, path, size: 8n };
  for (const transfer of [1, 2]) host.order(FILES, { type: "list", transfer, what: { paths: [path] } });
  say("filesListed", { transfer: 2, entries: [entry], last: true });
  const from = { first: 0, offset: 0, prefixSha256: new Uint8Array(0) };
  host.order(FILES, { type: "send", transfer: 2, from, leftOut: [] });
  const [into, key] = [{ kind: "incoming" } as const, new Uint8Array(16)];
  const receiving = { key, origin: "web", into, files: 2, bytes: 8, isOpened: false, isReadOnly: false };
  const times = { executable: false, modifiedS: 0, reason: null };
  for (const transfer of [3, 4]) {
    host.order(FILES, { type: "receive", transfer, receiving });
    const listed = [
      { index: 0, kind: "file" as const, path, size: 8, ...times },
      { index: 1, kind: "folder" as const, path: Uint8Array.of(0x62), size: 0, ...times },
    ];
    host.order(FILES, { type: "expect", transfer, files: listed, isLast: true });
  }
  say("filesReady", { transfer: 4, first: 0 });
  for (const watch of [1, 2]) host.order(FILES, { type: "watch", watch, path });
  host.order(FILES, { type: "unwatch", watch: 2 });
}

/** Bytes that make a message sound which names them. */
export function payloadOf(name: string, fields: Readonly<Record<string, unknown>>): Uint8Array {
  if (name === "streamData") return new Uint8Array(1);
  if (name === "frame") {
    const { damage = [] } = fields as WireMessageInit<"frame">;
    return new Uint8Array(damage.reduce((bytes, { size = 0 }) => bytes + size, 0));
  }
  if (name !== "cursorChanged") return new Uint8Array(0);
  const { cursor } = fields as WireMessageInit<"cursorChanged">;
  if (cursor?.case !== "bitmap") return new Uint8Array(0);
  const { width = 0, height = 0 } = cursor.value;
  return new Uint8Array(width * height * 4);
}
