/** Each number of limits.ts at its value and one beyond it. A number without a row fails here. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EchoFinder, MessageReader, type RawMessage } from "#shared/protocol/framing.ts";
import { Encoding, FileKind, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import * as limits from "#shared/protocol/limits.ts";
import { StreamTable } from "#shared/protocol/streams.ts";
import { SurfaceSession } from "#shared/testing/surface-session.ts";
import { APPS } from "./contracts/apps.ts";
import { CLIPBOARD } from "./contracts/clipboard.ts";
import { EXECS } from "./contracts/execs.ts";
import { FILES } from "./contracts/files.ts";
import { FOLDERS } from "./contracts/folders.ts";
import { Quotas } from "./quotas.ts";
import { HELD_BY_FIELDS } from "./testing/field-rows.ts";
import { openScene } from "./testing/scene.ts";
import { ServiceHost } from "./testing/service-host.ts";

// Services have timers.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

interface Row {
  /** What comes of so much more than the limit: of 0 and 1. */
  outcome: (more: number) => string;
  beyond: string;
}

/** The prefix of a message, as it comes. */
function read(length: number, headerBytes: number): string {
  const prefix = new DataView(new ArrayBuffer(8));
  prefix.setUint32(0, length, true);
  prefix.setUint32(4, headerBytes, true);
  const result = new MessageReader().read(new Uint8Array(prefix.buffer), () => undefined);
  return result.ok ? "accepted" : result.error;
}

function sayAll(count: number, say: (at: number) => string): string {
  let last = "accepted";
  for (let at = 0; at < count && last === "accepted"; at += 1) last = say(at);
  return last;
}

const kind = Kind.WAYLAND;
const rect = { width: 1, height: 1 };

function withWindow(credits: number): SurfaceSession {
  const session = new SurfaceSession();
  session.say("windowOpened", { surface: 1, kind });
  session.surfaces.grant(1, credits);
  return session;
}

/** A frame of `parts` messages, each with these rectangles of one colour. */
function draw(width: number, height: number, parts: { width: number; height: number }[][]): string {
  const session = withWindow(1);
  return sayAll(parts.length, (at) => {
    const damage = (parts[at] ?? []).map((one) => ({ x: 0, y: 0, ...one, encoding: Encoding.SOLID, size: 4 }));
    const last = at === parts.length - 1;
    const frame = { surface: 1, serial: 1, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last };
    return session.say("frame", frame, new Uint8Array(damage.length * 4));
  });
}

/** An empty frame, on an output of so many pixels. */
function drawOnOutput(outputPx: number, width: number, height: number): string {
  const host = new ServiceHost();
  host.command({ type: "output", width: outputPx, height: 1, scale120: 120, refreshMhz: 60_000 });
  host.say("windowOpened", { surface: 1, kind });
  host.command({ type: "credit", surface: 1, count: 1, shownSerial: 0 });
  const frame = { surface: 1, serial: 1, width, height, scale: 1, format: PixelFormat.XRGB8888, last: true };
  return host.say("frame", frame);
}

/** Surfaces on each other, each the parent of the next. */
function nest(depth: number, name: "popupOpened" | "subsurfaceOpened"): string {
  const session = withWindow(0);
  return sayAll(depth, (at) => {
    const [surface, parent] = [at + 2, at + 1];
    return name === "popupOpened"
      ? session.say(name, { surface, parent, kind, rect })
      : session.say(name, { surface, parent });
  });
}

/** The last of them: "accepted" where the host has sent it to the agent. */
function startExecs(count: number, hasTerminal: boolean): string {
  const host = new ServiceHost();
  const tty = hasTerminal ? { columns: 80, rows: 24, term: "foot" } : null;
  for (let exec = 1; exec <= count; exec += 1) host.order(EXECS, { type: "start", exec, argv: ["cat"], tty });
  return host.sentOf("execStart").length === count ? "accepted" : "not sent";
}

/** A list of so many files, whose paths and sizes together are these. */
function listFiles(count: number, pathBytes: number, bytes: bigint): string {
  const host = new ServiceHost();
  host.order(FILES, { type: "list", transfer: 1, what: { paths: [] } });
  // In messages that are as long as they may be, about.
  const entries = Array.from({ length: count }, (_, index) => {
    const length = Math.floor(pathBytes / count) + (index === 0 ? pathBytes % count : 0);
    return { index, kind: FileKind.FILE, path: new Uint8Array(length).fill(0x61), size: index < 2 ? bytes / 2n : 0n };
  });
  if (bytes % 2n === 1n && entries[0] !== undefined) entries[0].size += 1n;
  const inOne = Math.max(1, Math.floor((32 * 1024) / (pathBytes / count + 20)));
  return sayAll(Math.ceil(count / inOne), (at) =>
    host.say("filesListed", { transfer: 1, entries: entries.slice(at * inOne, (at + 1) * inOne) }),
  );
}

/** The last of them: "accepted" where the host has sent it to the agent. */
function showFolders(count: number): string {
  const host = new ServiceHost();
  for (let folder = 1; folder <= count; folder += 1)
    host.order(FOLDERS, { type: "show", folder, path: Uint8Array.of(0x61) });
  return host.sentOf("folderShow").length === count ? "accepted" : "not sent";
}

function actOnFiles(count: number): string {
  const host = new ServiceHost();
  for (let act = 1; act <= count; act += 1)
    host.order(FOLDERS, { type: "act", act, path: Uint8Array.of(0x61), what: { kind: "trash" } });
  return host.sentOf("fileAct").length === count ? "accepted" : "not sent";
}

function openFiles(count: number, name: "filesList" | "fileWatch"): string {
  const host = new ServiceHost();
  const path = Uint8Array.of(0x2f);
  for (let number = 1; number <= count; number += 1) {
    if (name === "filesList") host.order(FILES, { type: "list", transfer: number, what: { paths: [path] } });
    else host.order(FILES, { type: "watch", watch: number, path });
  }
  return host.sentOf(name).length === count ? "accepted" : "not sent";
}

const [SMALL, LARGE] = [1, limits.MAX_MESSAGE_BYTES].map((bytes) => ({
  header: new Uint8Array(1),
  payload: new Uint8Array(bytes - 1),
})) as [RawMessage, RawMessage];

/** So many messages on `control`. */
function flood(quotas: Quotas, count: number, message: RawMessage): string {
  return sayAll(count, () => quotas.received("control", message)?.code ?? "accepted");
}

function floodUnknown(quotas: Quotas, count: number): string {
  return sayAll(count, () => quotas.accepted({ kind: "unknown" })?.code ?? "accepted");
}

/** So many windows that open and close, with ids above `last`. */
function flicker(host: ServiceHost, count: number, last = 0): string {
  return sayAll(count, (at) => {
    const surface = last + at + 1;
    const opened = host.say("windowOpened", { surface, kind });
    return opened === "accepted" ? host.say("surfaceClosed", { surface }) : opened;
  });
}

const ROWS: Readonly<Record<string, Row>> = {
  MAX_MESSAGE_BYTES: { outcome: (more) => read(limits.MAX_MESSAGE_BYTES + more, 1), beyond: "length-too-large" },
  MAX_HEADER_BYTES: {
    outcome: (more) => read(limits.MAX_MESSAGE_BYTES, limits.MAX_HEADER_BYTES + more),
    beyond: "header-too-large",
  },
  MAX_DISCARDED_BYTES: {
    outcome: (more) => {
      const finder = new EchoFinder(new Uint8Array(limits.EPOCH_BYTES));
      finder.search(new Uint8Array(limits.MAX_DISCARDED_BYTES));
      return more === 0 ? "accepted" : String(finder.search(new Uint8Array(more)));
    },
    beyond: "no-echo",
  },
  MAX_AREA_PX: {
    outcome: (more) => draw(8192, limits.MAX_AREA_PX / 8192 + more, [[]]),
    beyond: "bad-frame",
  },
  MIN_LARGEST_BUFFER_PX: { outcome: (more) => drawOnOutput(1, 3840, 2160 + more), beyond: "bad-frame" },
  MAX_BUFFER_OUTPUTS: {
    outcome: (more) => drawOnOutput(2560 * 1440, 2560, 1440 * limits.MAX_BUFFER_OUTPUTS + more),
    beyond: "bad-frame",
  },
  MAX_RECT_PX: {
    outcome: (more) => {
      const damage = [{ width: 512, height: limits.MAX_RECT_PX / 512 + more, encoding: Encoding.LZ4, size: 1 }];
      const frame = {
        surface: 1,
        serial: 1,
        width: 1024,
        height: 1024,
        scale: 1,
        format: PixelFormat.XRGB8888,
        damage,
      };
      return withWindow(1).say("frame", frame, new Uint8Array(1));
    },
    beyond: "bad-frame",
  },
  MAX_FRAME_PARTS: {
    outcome: (more) =>
      draw(
        64,
        64,
        Array.from({ length: limits.MAX_FRAME_PARTS + more }, () => []),
      ),
    beyond: "quota",
  },
  MAX_FRAME_COVERS: {
    outcome: (more) =>
      draw(64, 64, [
        [
          ...Array.from({ length: limits.MAX_FRAME_COVERS }, () => ({ width: 64, height: 64 })),
          ...(more === 0 ? [] : [rect]),
        ],
      ]),
    beyond: "bad-frame",
  },
  MAX_OPEN_CREDITS: {
    outcome: (more) => {
      const session = withWindow(limits.MAX_OPEN_CREDITS + 1);
      return sayAll(limits.MAX_OPEN_CREDITS + more, (at) =>
        session.say("frame", {
          surface: 1,
          serial: at + 1,
          ...rect,
          scale: 1,
          format: PixelFormat.XRGB8888,
          last: true,
        }),
      );
    },
    beyond: "no-credit",
  },
  MAX_WINDOWS: {
    outcome: (more) => {
      const session = new SurfaceSession();
      return sayAll(limits.MAX_WINDOWS + more, (at) => session.say("windowOpened", { surface: at + 1, kind }));
    },
    beyond: "quota",
  },
  MAX_SURFACES: {
    outcome: (more) => {
      const session = withWindow(0);
      return sayAll(limits.MAX_SURFACES - 1 + more, (at) =>
        session.say("subsurfaceOpened", { surface: at + 2, parent: 1 }),
      );
    },
    beyond: "quota",
  },
  MAX_POPUP_DEPTH: { outcome: (more) => nest(limits.MAX_POPUP_DEPTH + more, "popupOpened"), beyond: "quota" },
  MAX_SUBSURFACE_DEPTH: {
    outcome: (more) => nest(limits.MAX_SUBSURFACE_DEPTH + more, "subsurfaceOpened"),
    beyond: "quota",
  },
  MAX_EXECS: { outcome: (more) => startExecs(limits.MAX_EXECS + more, true), beyond: "not sent" },
  MAX_STREAMS: {
    outcome: (more) => {
      const table = new StreamTable();
      return sayAll(limits.MAX_STREAMS + more, () => (table.open("agent") === null ? "not opened" : "accepted"));
    },
    beyond: "not opened",
  },
  MAX_STREAM_CHUNK_BYTES: {
    outcome: (more) => {
      const host = openScene((ms) => vi.advanceTimersByTime(ms));
      return host.say("streamData", { stream: 2 }, new Uint8Array(limits.MAX_STREAM_CHUNK_BYTES + more));
    },
    beyond: "quota",
  },
  MAX_PASTES: {
    outcome: (more) => {
      const host = new ServiceHost();
      const type = "text/html";
      host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 1, types: [type] });
      const outcome = sayAll(limits.MAX_PASTES + more, (at) =>
        host.say("pasteWanted", { request: at + 1, offer: 1, type }),
      );
      host.close();
      return outcome;
    },
    beyond: "quota",
  },
  MAX_FILES: { outcome: (more) => listFiles(limits.MAX_FILES + more, limits.MAX_FILES + more, 0n), beyond: "quota" },
  MAX_FILES_PATH_BYTES: {
    outcome: (more) => listFiles(8192, limits.MAX_FILES_PATH_BYTES + more, 0n),
    beyond: "quota",
  },
  MAX_TRANSFERS: { outcome: (more) => openFiles(limits.MAX_TRANSFERS + more, "filesList"), beyond: "not sent" },
  MAX_FILE_WATCHES: { outcome: (more) => openFiles(limits.MAX_FILE_WATCHES + more, "fileWatch"), beyond: "not sent" },
  MAX_FOLDERS: { outcome: (more) => showFolders(limits.MAX_FOLDERS + more), beyond: "not sent" },
  MAX_FILE_ACTS: { outcome: (more) => actOnFiles(limits.MAX_FILE_ACTS + more), beyond: "not sent" },
  MAX_OPENS_WANTED: {
    outcome: (more) => {
      const host = new ServiceHost();
      return sayAll(limits.MAX_OPENS_WANTED + more, (at) => {
        // They come as slowly as main may hear of them.
        vi.advanceTimersByTime(1_000);
        return host.say("openWanted", { wanted: at + 1, url: "https://a/" });
      });
    },
    beyond: "quota",
  },
  MAX_SCANS_WANTED: {
    outcome: (more) => {
      const host = new ServiceHost();
      return sayAll(limits.MAX_SCANS_WANTED + more, (at) => {
        vi.advanceTimersByTime(1_000);
        return host.say("scanWanted", { wanted: at + 1, paths: [Uint8Array.of(0x2f)] });
      });
    },
    beyond: "quota",
  },
  MAX_APPS_BYTES: {
    outcome: (more) => {
      const host = new ServiceHost();
      host.order(APPS, { request: 1 });
      // An id and an empty name each; the last one fills what is left.
      const bytesOf = (idBytes: number): number => idBytes + 2 * limits.APP_TEXT_BYTES;
      const full = Math.floor(limits.MAX_APPS_BYTES / bytesOf(limits.MAX_APP_TEXT_BYTES));
      const rest = limits.MAX_APPS_BYTES - full * bytesOf(limits.MAX_APP_TEXT_BYTES) - bytesOf(0);
      const apps = Array.from({ length: full }, () => ({ id: "x".repeat(limits.MAX_APP_TEXT_BYTES) }));
      const outcome = host.say("apps", { request: 1, apps: [...apps, { id: "x".repeat(rest + more) }] });
      host.close();
      return outcome;
    },
    beyond: "quota",
  },
  MAX_CONTROL_MESSAGES_BURST: {
    outcome: (more) => flood(new Quotas(), limits.MAX_CONTROL_MESSAGES_BURST + more, SMALL),
    beyond: "flood",
  },
  MAX_CONTROL_MESSAGES_PER_S: {
    outcome: (more) => {
      const quotas = new Quotas();
      flood(quotas, limits.MAX_CONTROL_MESSAGES_BURST, SMALL);
      vi.advanceTimersByTime(1_000);
      return flood(quotas, limits.MAX_CONTROL_MESSAGES_PER_S + more, SMALL);
    },
    beyond: "flood",
  },
  MAX_CONTROL_BYTES_BURST: {
    outcome: (more) => {
      const quotas = new Quotas();
      flood(quotas, limits.MAX_CONTROL_BYTES_BURST / limits.MAX_MESSAGE_BYTES, LARGE);
      return flood(quotas, more, SMALL);
    },
    beyond: "flood",
  },
  MAX_CONTROL_BYTES_PER_S: {
    outcome: (more) => {
      const quotas = new Quotas();
      flood(quotas, limits.MAX_CONTROL_BYTES_BURST / limits.MAX_MESSAGE_BYTES, LARGE);
      vi.advanceTimersByTime(1_000);
      const second = flood(quotas, limits.MAX_CONTROL_BYTES_PER_S / limits.MAX_MESSAGE_BYTES, LARGE);
      return more === 0 ? second : flood(quotas, more, SMALL);
    },
    beyond: "flood",
  },
  MAX_UNKNOWN_MESSAGES_BURST: {
    outcome: (more) => floodUnknown(new Quotas(), limits.MAX_UNKNOWN_MESSAGES_BURST + more),
    beyond: "flood",
  },
  MAX_UNKNOWN_MESSAGES_PER_S: {
    outcome: (more) => {
      const quotas = new Quotas();
      floodUnknown(quotas, limits.MAX_UNKNOWN_MESSAGES_BURST);
      vi.advanceTimersByTime(1_000);
      return floodUnknown(quotas, limits.MAX_UNKNOWN_MESSAGES_PER_S + more);
    },
    beyond: "flood",
  },
  MAX_OPENS_BURST: {
    outcome: (more) => flicker(new ServiceHost(), limits.MAX_OPENS_BURST + more),
    beyond: "flood",
  },
  MAX_OPENS_PER_S: {
    outcome: (more) => {
      const host = new ServiceHost();
      flicker(host, limits.MAX_OPENS_BURST);
      vi.advanceTimersByTime(1_000);
      return flicker(host, limits.MAX_OPENS_PER_S + more, limits.MAX_OPENS_BURST);
    },
    beyond: "flood",
  },
};

/** Numbers that are no bound of what an agent says, and bounds that are held elsewhere. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  APP_TEXT_BYTES: "what each text counts besides its bytes (MAX_APPS_BYTES)",
  MAX_CLIP_BYTES: "no violation: the clip is refused (buffered-reading.test.ts, read-clip.test.ts)",
  MAX_BULK_MESSAGES_PER_S: "no violation: reading pauses (port-channel.test.ts)",
  MAX_BULK_MESSAGES_BURST: "no violation: reading pauses (port-channel.test.ts)",
  MAX_FILE_NAME_BYTES: "of what a target takes: it refuses the file (agents/files)",
  MAX_FILE_DEPTH: "of what a source lists: it leaves the file out (agents/files)",
  MAX_FILE_RECORD_BYTES: "of what a target takes (agents/files): the host does not read the stream",
  MAX_FILES_LEFT_OUT: "of what the host says (main/files/transfer-run.test.ts)",
  MIN_CLOCK_MS: "of what the host says (services/requests.test.ts)",
  MAX_CLOCK_MS: "of what the host says (services/requests.test.ts)",
  EPOCH_BYTES: "a size of the host's own bytes (framing.test.ts)",
  MAX_ARGV: "of what the host says (main/vms/guest-argv.test.ts)",
  MAX_ARGV_BYTES: "of what the host says (main/vms/guest-argv.test.ts)",
  PARTIAL_MESSAGE_MS: "a time (port-channel.test.ts)",
};

describe("the table", () => {
  it("has each number of limits.ts", () => {
    const numbers = Object.entries(limits).flatMap(([name, value]) => (typeof value === "number" ? [name] : []));
    const held = [...Object.keys(ROWS), ...Object.keys(ELSEWHERE), ...HELD_BY_FIELDS];
    expect(numbers.filter((name) => !held.includes(name))).toEqual([]);
  });
});

it.each(Object.entries(ROWS))("%s is accepted, and one more is not", (_name, { outcome, beyond }) => {
  expect(outcome(0)).toBe("accepted");
  expect(outcome(1)).toBe(beyond);
});
