import fs from "node:fs";
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { auditContract } from "#shared/ipc/audit.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { PAGE_CALLER } from "../ipc/testing/checked.ts";
import { type AuditHandle, AuditLog, type AuditLogOptions, type NewEntry } from "./audit-log.ts";
import { type EntryEnd, NO_LINE, writeLine } from "./audit-line.ts";
import { readEntries, verify } from "./audit-reader.ts";
import { auditHandlers } from "./requests.ts";

const vm = (name: string, digit: number): NewEntry["from"] => ({
  kind: "vm",
  id: `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as VmId,
  name,
  label: "lagoon",
  role: "app",
});
const PASTE: NewEntry = {
  action: "clipboard.paste",
  from: vm("home", 1),
  to: vm("web", 2),
  type: "text/plain",
  bytes: null,
  decision: "allow",
  rule: { line: 4, text: "action: clipboard.paste" },
  by: "rule",
  detail: "",
};
const DENIED: NewEntry = { ...PASTE, decision: "deny", from: { kind: "host" }, by: "person" };
const ANY = { sinceS: null, action: null, from: null, to: null, decision: null, by: null, text: null };

let folder: string;
let logs: AuditLog[];

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-audit-"));
  logs = [];
});

afterEach(async () => {
  await Promise.all(logs.map((log) => log.close()));
  fs.rmSync(folder, { recursive: true, force: true });
});

async function opened(options: Partial<AuditLogOptions> = {}): Promise<AuditLog> {
  const log = new AuditLog({ stateFolder: folder, ...options });
  logs.push(log);
  await log.open();
  return log;
}

const file = (): string => path.join(folder, "audit.jsonl");
const lines = (): string[] => fs.readFileSync(file(), "utf8").split("\n").slice(0, -1);
const list = (log: AuditLog, filter: Partial<typeof ANY> = {}, before: number | null = null, limit = 100) =>
  readEntries(log.parts, { ...ANY, ...filter }, { before, limit, now: Date.now() });
const seqs = async (log: AuditLog, filter: Partial<typeof ANY> = {}): Promise<number[]> =>
  (await list(log, filter)).entries.map(({ seq }) => seq);

describe("the chain", () => {
  it("has an entry in the file when append resolves, and goes on over a new start", async () => {
    const log = await opened();
    await log.append(PASTE);
    expect(lines().map((line) => JSON.parse(line) as object)).toMatchObject([{ seq: 1, action: "clipboard.paste" }]);
    await log.close();
    const again = await opened();
    expect((await again.append(DENIED)).seq).toBe(2);
    expect(await verify(again.parts)).toEqual({ entries: 2, ok: true, firstBad: null });
  });

  it("keeps all entries, in order, that are appended at once", async () => {
    const log = await opened();
    await Promise.all(Array.from({ length: 100 }, () => log.append(PASTE)));
    expect(await verify(log.parts)).toEqual({ entries: 100, ok: true, firstBad: null });
    expect((await seqs(log)).slice(0, 3)).toEqual([100, 99, 98]);
  });

  it.each([
    ["a changed word", (all: string[]) => all.map((line, at) => (at === 1 ? line.replace("home", "hole") : line)), 2],
    [
      "a changed last line",
      (all: string[]) => all.map((line, at) => (at === 2 ? line.replace("home", "hole") : line)),
      3,
    ],
    ["a line that is gone", (all: string[]) => all.filter((_, at) => at !== 1), 3],
    ["lines that have changed places", ([a = "", b = "", c = ""]: string[]) => [b, a, c], 2],
    ["a line of somebody else", ([a = "", ...rest]: string[]) => [a, "{}", ...rest], 2],
    ["a beginning that is gone", (all: string[]) => all.slice(1), 2],
  ])("is broken by %s", async (_what, change, firstBad) => {
    const log = await opened();
    for (let at = 0; at < 3; at += 1) await log.append(PASTE);
    fs.writeFileSync(file(), `${change(lines()).join("\n")}\n`);
    expect(await verify(log.parts)).toMatchObject({ ok: false, firstBad });
  });

  it("goes through all parts, of which none is lost", async () => {
    const log = await opened({ maxPartBytes: 1000 });
    for (let at = 0; at < 20; at += 1) await log.append(PASTE);
    expect(fs.readdirSync(folder).length).toBeGreaterThan(3);
    expect(await verify(log.parts)).toEqual({ entries: 20, ok: true, firstBad: null });
    expect(await seqs(log)).toEqual(Array.from({ length: 20 }, (_, at) => 20 - at));
    fs.rmSync(path.join(folder, "audit-2.jsonl"));
    expect(await verify(log.parts)).toMatchObject({ ok: false });
  });

  it("goes on after an end between putting a part aside and beginning the next", async () => {
    const log = await opened();
    await log.append(PASTE);
    await log.close();
    fs.renameSync(file(), path.join(folder, "audit-1.jsonl"));
    const again = await opened();
    expect((await again.append(PASTE)).seq).toBe(2);
    expect(await verify(again.parts)).toMatchObject({ entries: 2, ok: true });
  });

  it("goes on after a part was put aside, and what should follow failed", async () => {
    const log = await opened({ maxPartBytes: 1, retryMs: 1_000_000 });
    await log.append(PASTE);
    const rotate = log.parts.rotate.bind(log.parts);
    vi.spyOn(log.parts, "rotate").mockImplementationOnce(async () => {
      await rotate();
      throw new Error("EMFILE: too many open files, open");
    });
    await expect(log.append(PASTE)).rejects.toMatchObject({ code: "audit.unwritable" });
    expect((await log.append(PASTE)).seq).toBe(2);
    expect((await log.append(PASTE)).seq).toBe(3);
    expect(await verify(log.parts)).toEqual({ entries: 3, ok: true, firstBad: null });
  });

  it("goes on after a last line that was not written whole, which is cut off and said", async () => {
    const log = await opened();
    await log.append(PASTE);
    await log.close();
    fs.appendFileSync(file(), '{"seq":2,"time":"20');
    const again = await opened();
    expect((await again.append(PASTE)).seq).toBe(2);
    expect(await verify(again.parts)).toEqual({ entries: 2, ok: true, firstBad: null });
    expect(lines()[1]).toContain("19 bytes of a last line that was not whole were cut off");
  });

  it("goes on in a new file when the one that is written was removed, and does not hide it", async () => {
    const log = await opened();
    await log.append(PASTE);
    fs.rmSync(file());
    expect((await log.append(PASTE)).seq).toBe(2);
    expect(await verify(log.parts)).toEqual({ entries: 1, ok: false, firstBad: 2 });
  });
});

it("a log of before characters were counted is whole, and goes on", async () => {
  const before = { seq: 1, time: "2026-01-02T03:04:05.678Z", ...PASTE } as AuditEntry;
  const first = writeLine({ kind: "entry", entry: before }, NO_LINE);
  const second = writeLine(
    { kind: "end", seq: 1, time: before.time, end: { bytes: 34, detail: "" } as EntryEnd },
    first.hash,
  );
  fs.writeFileSync(file(), `${first.text}\n${second.text}\n`);
  const log = await opened();
  await log.append(PASTE);
  expect((await list(log)).entries).toMatchObject([{ seq: 2 }, { seq: 1, bytes: 34, characters: null }]);
  expect(await verify(log.parts)).toEqual({ entries: 2, ok: true, firstBad: null });
});

describe("the end of a crossing", () => {
  it("completes its entry, in the list and for those who follow", async () => {
    const log = await opened();
    const told: unknown[] = [];
    log.on("entry", ({ seq, bytes }, isComplete) => told.push([seq, bytes, isComplete]));
    const { seq } = await log.append({ ...PASTE, detail: "once" }, { goesOn: true });
    await log.append(DENIED);
    await log.end(seq, { bytes: 34, characters: 33, detail: "the source has gone" });
    expect(told).toEqual([
      [1, null, false],
      [2, null, true],
      [1, 34, true],
    ]);
    const { entries } = await list(log);
    expect(entries[1]).toMatchObject({ seq: 1, bytes: 34, characters: 33, detail: "once; the source has gone" });
    expect(await verify(log.parts)).toEqual({ entries: 2, ok: true, firstBad: null });
  });

  it("is in the file also where the application ends at once", async () => {
    const log = await opened();
    const { seq } = await log.append(PASTE, { goesOn: true });
    const ended = log.end(seq, { bytes: 34, characters: null, detail: "" });
    await log.close();
    await ended;
    expect((await list(await opened())).entries).toMatchObject([{ seq, bytes: 34 }]);
  });

  it("comes once", async () => {
    const log = await opened();
    const { seq } = await log.append(PASTE, { goesOn: true });
    await log.end(seq, { bytes: 1, characters: null, detail: "" });
    expect(await log.end(seq, { bytes: 2, characters: null, detail: "" })).toBeNull();
    expect((await list(log)).entries[0]?.bytes).toBe(1);
  });
});

describe("the list", () => {
  it("comes in pages", async () => {
    const log = await opened();
    for (let at = 0; at < 5; at += 1) await log.append(PASTE);
    const first = await list(log, {}, null, 2);
    expect([first.entries.map(({ seq }) => seq), first.hasMore]).toEqual([[5, 4], true]);
    const last = await list(log, {}, 2, 2);
    expect([last.entries.map(({ seq }) => seq), last.hasMore]).toEqual([[1], false]);
  });

  it.each([
    [{ from: "HOM" }, [1]],
    [{ from: "@host" }, [2]],
    [{ to: "web", decision: "allow" as const }, [1]],
    [{ by: "person" as const }, [2]],
    [{ action: "exec" as const }, []],
    [{ text: "web clipboard" }, [2, 1]],
    [{ text: "web nothing" }, []],
    [{ sinceS: 3600 }, [2, 1]],
  ])("%j gives %j", async (filter, expected) => {
    const log = await opened();
    await log.append(PASTE);
    await log.append(DENIED);
    expect(await seqs(log, filter as never)).toEqual(expected);
  });

  it.each([1, 2])(
    "and the check have every entry when a part is put aside after look %i at the folder",
    async (after) => {
      const log = await opened({ maxPartBytes: 500 });
      const look = fsp.readdir.bind(fsp) as (folder: string) => Promise<string[]>;
      /** What is looked up is what was there before the next part was begun. */
      const rotating = async (act: () => Promise<unknown>): Promise<void> => {
        for (let entry = 0; entry < 2; entry += 1) await log.append(PASTE);
        let looks = 0;
        const spy = vi.spyOn(fsp, "readdir").mockImplementation((async (at: string) => {
          const names = await look(at);
          if (++looks === after) await log.append(PASTE);
          return names;
        }) as unknown as typeof fsp.readdir);
        await act();
        spy.mockRestore();
      };
      await rotating(async () => expect(await seqs(log)).toEqual(after === 1 ? [3, 2, 1] : [2, 1]));
      const before = fs.readdirSync(folder).length;
      await rotating(async () =>
        expect(await verify(log.parts)).toMatchObject({ ok: true, entries: after === 1 ? 6 : 5 }),
      );
      expect(fs.readdirSync(folder).length).toBeGreaterThan(before);
    },
  );

  it("is none where a part of it cannot be read: nobody would know what is missing", async () => {
    const log = await opened();
    await log.append(PASTE);
    fs.mkdirSync(path.join(folder, "audit-1.jsonl"));
    await expect(list(log)).rejects.toMatchObject({ code: "EISDIR" });
  });

  it("leaves out what is older than was asked", async () => {
    const log = await opened({ now: () => Date.now() - 60_000 });
    await log.append(PASTE);
    expect([await seqs(log, { sinceS: 30 } as never), await seqs(log, { sinceS: 90 } as never)]).toEqual([[], [1]]);
  });
});

it("who asks for a log that cannot be read is told so", async () => {
  const log = await opened();
  fs.mkdirSync(path.join(folder, "audit-1.jsonl"));
  const dispatcher = Dispatcher.of({ audit: auditContract }, { audit: auditHandlers({ audit: log }) });
  for (const [name, input] of [
    ["audit.list", { filter: ANY, before: null, limit: 1 }],
    ["audit.verify", {}],
  ] as const)
    expect(await dispatcher.dispatch(PAGE_CALLER, name, input)).toMatchObject({
      ok: false,
      error: { code: "audit.unreadable" },
    });
});

it("an entry is flushed to the disk before whoever asked goes on, and a disk that fails to take it refuses the crossing", async () => {
  const flushes: { done: () => void; fails: (error: Error) => void }[] = [];
  const slow = async (name: string): Promise<AuditHandle> => {
    const handle = await fsp.open(name, "a");
    return {
      write: (bytes, offset) => handle.write(bytes, offset),
      datasync: () => new Promise((done, fails) => void flushes.push({ done, fails })),
      truncate: (length) => handle.truncate(length),
      stat: () => handle.stat(),
      close: () => handle.close(),
    };
  };
  const log = await opened({ openFile: slow, retryMs: 1_000_000 });
  let isOver = false;
  const first = log.append(PASTE).finally(() => (isOver = true));
  await vi.waitFor(() => expect(flushes).toHaveLength(1));
  expect([lines().length, isOver]).toEqual([1, false]);
  flushes[0]?.done();
  expect((await first).seq).toBe(1);
  const second = log.append(PASTE);
  await vi.waitFor(() => expect(flushes).toHaveLength(2));
  flushes[1]?.fails(new Error("EIO: i/o error, fdatasync"));
  await expect(second).rejects.toMatchObject({ code: "audit.unwritable" });
  // It was not on the disk for sure, so it is not in the log.
  expect(lines()).toHaveLength(1);
});

describe("a disk that is full", () => {
  let isFull: boolean;
  /** A file that takes half of what it is given before the disk is full. */
  const fillable = async (name: string): Promise<AuditHandle> => {
    const handle = await fsp.open(name, "a");
    return {
      write: async (bytes, offset) => {
        if (!isFull) return handle.write(bytes, offset);
        await handle.write(bytes.subarray(0, bytes.length / 2));
        throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      },
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      stat: () => handle.stat(),
      close: () => handle.close(),
    };
  };

  beforeEach(() => void (isFull = false));

  it("refuses, says so, and comes back by itself with the chain whole", async () => {
    const log = await opened({ openFile: fillable, retryMs: 1 });
    let changes = 0;
    log.on("problemChanged", () => (changes += 1));
    const { seq } = await log.append(PASTE, { goesOn: true });
    isFull = true;
    await expect(log.append(PASTE)).rejects.toMatchObject({ code: "audit.unwritable" });
    expect(log.problem?.reason).toContain("ENOSPC");
    await log.end(seq, { bytes: 34, characters: null, detail: "" });
    isFull = false;
    await vi.waitFor(() => expect(log.problem).toBeNull());
    expect(changes).toBe(2);
    expect((await log.append(PASTE)).seq).toBe(2);
    expect(await verify(log.parts)).toEqual({ entries: 2, ok: true, firstBad: null });
    expect((await list(log)).entries[1]).toMatchObject({ seq: 1, bytes: 34 });
    expect(fs.readFileSync(file(), "utf8")).toContain("1 crossings were refused meanwhile");
  });

  it("is noticed at the start, too", async () => {
    isFull = true;
    const log = await opened({ stateFolder: path.join(folder, "none") });
    expect(log.problem).not.toBeNull();
    fs.mkdirSync(path.join(folder, "none"));
    expect((await log.append(PASTE)).seq).toBe(1);
    expect(log.problem).toBeNull();
  });
});
