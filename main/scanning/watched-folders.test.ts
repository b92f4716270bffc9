/** Which files of VMs are scanned by themselves. The VM's link is scripted. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ScanVerdict } from "#shared/model/scan.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import { Emitter } from "../base/emitter.ts";
import { FOLDERS, type FoldersEvent } from "../link/contracts/folders.ts";
import { scriptedApplication } from "../testing/scripted-application.ts";
import { HELLO, ordersOf, type ScriptedLink, serviceEvent } from "../vms/testing/scripted-vm.ts";
import type { Quarantine, QuarantineEvents, ReviewedFile } from "./quarantine.ts";
import { sendFound, NOTICE_MS, WatchedFolders, type WatchedFoldersParts } from "./watched-folders.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
const item = (name: string, size = 5, isFolder = false) => ({ name: bytes(name), isFolder, size, modifiedS: 7 });

let parts: Awaited<ReturnType<typeof scriptedApplication>>;
let link: ScriptedLink;
let scanner: { isThere: boolean; isReady: boolean };
let places: string[];
let scanned: string[];
let verdicts: Record<string, ScanVerdict>;
let found: string[];
let unscanned: string[];
let reason: string | null;
let watched: WatchedFolders;

/** What is in the folder "in" there, by path: its size. */
let below: Record<string, number>;

beforeEach(async () => {
  vi.useFakeTimers();
  parts = await scriptedApplication({ vms: { home: "lagoon", web: "coral", mail: "coral" } });
  await parts.application.open();
  [scanner, places, scanned, verdicts, found] = [{ isThere: true, isReady: true }, ["*:Downloads"], [], {}, []];
  [unscanned, reason, below] = [[], "why", {}];
  watched = new WatchedFolders({
    application: parts.application,
    scanner,
    places: () => places,
    scan: (vm, path, signal, isDue) => {
      const name = Buffer.from(path).toString();
      if (name === "Downloads/in") return Promise.resolve(Object.entries(below).flatMap(scanBelow(isDue)));
      scanned.push(`${vm.definition.name}:${name}`);
      if (name === "Downloads/slow") return new Promise((resolve) => setTimeout(() => resolve([]), 1_000));
      if (name === "Downloads/hangs") return new Promise((_, reject) => signal.addEventListener("abort", reject));
      const verdict = verdicts[name] ?? "clean";
      const engine = { name: "ClamAV", version: null, signatures: null, verdict, signature: null, reason };
      return Promise.resolve([{ path: name, sha256: "ab", verdict, engines: [engine] } satisfies ScannedFile]);
    },
  });
  watched.on("found", (vm, file) => found.push(`${vm.definition.name}:${file.path}`));
  watched.on("cleared", (vm, file, before) => found.push(`${vm.definition.name}:${file.path} was ${before.verdict}`));
  watched.on("unscanned", (vm, folder, words) => unscanned.push(`${vm.definition.name}:${folder}: ${words}`));
  link = await begun("home");
});
afterEach(() => {
  watched.end();
  parts.end();
  vi.useRealTimers();
});

/** It runs, and is watched. */
async function begun(vm: string): Promise<ScriptedLink> {
  await parts.application.vm(vm).start();
  const started = parts.links.at(-1) ?? expect.unreachable("it has no link");
  started.says(HELLO);
  watched.follow();
  return started;
}

type IsDue = Parameters<WatchedFoldersParts["scan"]>[3];

function scanBelow(isDue: IsDue): (entry: [string, number]) => ScannedFile[] {
  return ([path, size]) => {
    if (!isDue(path, { kind: "file", size, modifiedS: 7 })) return [];
    scanned.push(path);
    const verdict = verdicts[path] ?? "clean";
    return [{ path, sha256: "ab", verdict, engines: [] }];
  };
}

function says(...items: ReturnType<typeof item>[]): void {
  saysOf(1, items);
}

function saysOf(folder: number, items: ReturnType<typeof item>[], from = link, more = 0): void {
  const event: FoldersEvent = { type: "changed", folder, isReset: true, items, removed: [], isLast: true, more };
  from.says(serviceEvent(FOLDERS, event));
}

async function tell(...items: ReturnType<typeof item>[]): Promise<void> {
  says(...items);
  await vi.advanceTimersByTimeAsync(1_000);
}

const inDownloads = (word: string): string => word.replace(":", ":Downloads/");

const orders = (): unknown[] => ordersOf(link, FOLDERS);

describe("a file in a watched folder", () => {
  it("is scanned when it is there, and again when it was written, one after another", async () => {
    expect(orders()).toEqual([{ type: "show", folder: 1, path: bytes("Downloads") }]);
    await tell(item("a"), item("b"), item("in", 0, true), item("c.part"), item("d.crdownload"));
    expect(scanned).toEqual(["home:Downloads/a", "home:Downloads/b"]);
    expect(orders().slice(1)).toEqual([{ type: "seen", folder: 1 }]);
    await tell(item("a"), item("b", 9), item("c"));
    expect(scanned.slice(2)).toEqual(["home:Downloads/b", "home:Downloads/c"]);
  });

  it("is told where something was found in it, once as long as it is there", async () => {
    verdicts = { "Downloads/a": "found", "Downloads/b": "suspicious", "Downloads/c": "not-scanned" };
    await tell(item("a"), item("b"), item("c"));
    await tell(item("a", 6), item("b"));
    expect(found).toEqual(["home:Downloads/a", "home:Downloads/b"]);
    await tell(item("b"));
    await tell(item("a"), item("b"));
    expect(found.slice(2)).toEqual(["home:Downloads/a"]);
  });
});

describe("what is in a folder there", () => {
  const minutes = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(count * 60_000);

  it("is scanned with it, and what has come since, or is another file, at the next look", async () => {
    below = { "in/a": 1, "in/b/c": 1 };
    await tell(item("in", 0, true));
    expect(scanned).toEqual(["in/a", "in/b/c"]);
    below = { "in/a": 2, "in/b/c": 1, "in/b/d": 1 };
    await minutes(1);
    expect(scanned.slice(2)).toEqual(["in/a", "in/b/d"]);
    // The next ones come later and later, until something there changes.
    below = { "in/e": 1 };
    await minutes(1.9);
    expect(scanned.slice(4)).toEqual([]);
    await minutes(0.2);
    expect(scanned.slice(4)).toEqual(["in/e"]);
    await tell(item("in", 0, true), item("f"));
    below = { "in/e": 1, "in/g": 1 };
    await minutes(1);
    expect(scanned.slice(5)).toEqual(["home:Downloads/f", "in/g"]);
    await tell(item("f"));
    await minutes(120);
    expect(scanned.slice(7)).toEqual([]);
  });

  it("is told by its path, once, and scanned again where the scanner has failed, or is another one", async () => {
    [below, verdicts] = [
      { "in/a": 1, "in/b": 1, "in/c": 1 },
      { "in/a": "found", "in/b": "error" },
    ];
    await tell(item("in", 0, true));
    expect(found).toEqual(["home:in/a"]);
    verdicts = { "in/a": "found", "in/b": "found" };
    await minutes(1);
    expect(scanned.slice(3)).toEqual(["in/b"]);
    watched.again();
    await minutes(0);
    expect(scanned.slice(4)).toEqual(["in/a", "in/b", "in/c"]);
    expect(found).toEqual(["home:in/a", "home:in/b"]);
  });

  it("is known of five thousand files, and told of a hundred", async () => {
    below = Object.fromEntries(Array.from({ length: 5_002 }, (_, at) => [`in/${at}`, 1]));
    verdicts = Object.fromEntries(Object.keys(below).map((path) => [path, "found"]));
    await tell(item("in", 0, true));
    expect([scanned.length, found.length]).toEqual([5_000, 100]);
    await minutes(1);
    expect([scanned.length, found.length]).toEqual([5_000, 100]);
    const words = "5000 files in its folders alone are scanned, and there are more";
    expect(unscanned).toEqual([`home:Downloads: ${words}`]);
    // What is there no more makes room.
    below = { "in/5001": 1 };
    await minutes(2);
    expect(scanned.slice(5_000)).toEqual(["in/5001"]);
  });

  it("is not looked at any more when nobody watches", async () => {
    below = { "in/a": 1 };
    await tell(item("in", 0, true));
    places = [];
    watched.follow();
    below = { "in/b": 1 };
    await minutes(120);
    expect(scanned).toEqual(["in/a"]);
  });
});

describe("what was not scanned", () => {
  it("is told in one sentence, once", async () => {
    verdicts = { "Downloads/a": "not-scanned", "Downloads/b": "not-scanned", "Downloads/c": "error" };
    await tell(item("a"), item("b"), item("c"), item("d"));
    const words = "home:Downloads: Downloads/a: it was not scanned: why (ClamAV), nor were 2 others there";
    expect([unscanned, found]).toEqual([[words], []]);
    await tell(item("a", 6), item("d"));
    expect([scanned.length, unscanned.length]).toEqual([5, 1]);
  });

  it.each([FILE_REASON_WORDS.gone, FILE_REASON_WORDS.changed])("is not told of a file that %s", async (why) => {
    [verdicts, reason] = [{ "Downloads/a": "not-scanned" }, why];
    await tell(item("a"));
    expect([scanned.length, unscanned]).toEqual([1, []]);
  });

  it("as the scanner failed, is scanned once more when that is ready again", async () => {
    verdicts = { "Downloads/a": "error" };
    const failed = async (): Promise<void> => {
      scanner.isReady = false;
      watched.follow();
      scanner.isReady = true;
      watched.follow();
      await vi.advanceTimersByTimeAsync(0);
    };
    await tell(item("a"), item("b"));
    await failed();
    await failed();
    expect(scanned.slice(2)).toEqual(["home:Downloads/a"]);
    await tell(item("a", 9), item("b"));
    await failed();
    expect(scanned.slice(3)).toEqual(["home:Downloads/a", "home:Downloads/a"]);
  });

  it("as the agent does not tell so many files, is told until it tells all", async () => {
    for (const more of [3, 4, 0, 1]) {
      saysOf(1, [item("a")], link, more);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    const words = (more: number): string =>
      `home:Downloads: its first 500 files alone are watched, by their names, and ${more} are not scanned`;
    expect(unscanned).toEqual([words(3), words(1)]);
  });
});

describe("a VM whose file is never looked at to its end", () => {
  it("holds up its own files alone, and those for ten minutes a file", async () => {
    const [web, mail] = [await begun("web"), await begun("mail")];
    says(item("hangs"), item("later"));
    saysOf(1, [item("slow"), item("a"), item("b")], web);
    saysOf(1, [item("c")], mail);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    // Those of the others take turns.
    expect(scanned).toEqual(["home:hangs", "web:slow", "web:a", "mail:c", "web:b"].map(inDownloads));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(scanned.slice(5)).toEqual(["home:Downloads/later"]);
  });
});

describe("a scanner that is another one", () => {
  it("looks at what is there again, and only what it says anew is told", async () => {
    verdicts = { "Downloads/a": "found" };
    await tell(item("a"), item("b"));
    verdicts = { "Downloads/a": "found", "Downloads/b": "found" };
    watched.again();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(scanned.slice(2)).toEqual(["home:Downloads/a", "home:Downloads/b"]);
    expect(found).toEqual(["home:Downloads/a", "home:Downloads/b"]);
  });

  it("takes back what was found, once, and of an unscanned one says nothing", async () => {
    verdicts = { "Downloads/a": "found", "Downloads/b": "not-scanned" };
    await tell(item("a"), item("b"));
    for (const now of [{ "Downloads/a": "error" }, {}, {}, { "Downloads/a": "suspicious" }] as const) {
      verdicts = now;
      watched.again();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(found).toEqual(["home:Downloads/a", "home:Downloads/a was found", "home:Downloads/a"]);
  });

  it("finds what was told before it was started again, and does not tell it", async () => {
    verdicts = { "Downloads/a": "found" };
    await tell(item("a"));
    scanner.isThere = false;
    watched.follow();
    scanner.isThere = true;
    watched.follow();
    saysOf(2, [item("a")]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect([scanned.length, found]).toEqual([2, ["home:Downloads/a"]]);
  });
});

describe("nothing is watched", () => {
  it("without a scanner, and it begins with one", async () => {
    scanner.isThere = false;
    watched.follow();
    expect(orders().at(-1)).toEqual({ type: "hide", folder: 1 });
    scanner.isThere = true;
    watched.follow();
    expect(orders().at(-1)).toEqual({ type: "show", folder: 2, path: bytes("Downloads") });
  });

  it("of a VM that no setting names, and what waits is not scanned any more", async () => {
    says(item("a"));
    places = ["web:Downloads"];
    watched.follow();
    await vi.advanceTimersByTimeAsync(2_000);
    expect([orders().at(-1), scanned]).toEqual([{ type: "hide", folder: 1 }, []]);
  });

  it("beyond six folders of a VM, and each once", () => {
    places = ["home:Downloads/", ...Array.from({ length: 9 }, (_, at) => `home:f${at}`)];
    watched.follow();
    expect(orders().filter((order) => (order as { type: string }).type === "show")).toHaveLength(6);
  });
});

it("the page is told of what a VM brings about with few words for many, and of another VM's at once", () => {
  const sent: [string, { path: string; others: number }][] = [];
  const page = { send: (...words: unknown[]) => void sent.push(words as never) };
  const quarantine = new Emitter<QuarantineEvents>() as Quarantine;
  sendFound({ page: page as never, watchedFolders: watched, quarantine });
  const file = (name: string, verdict: ScanVerdict): ScannedFile => ({
    ...{ path: name, sha256: "ab".repeat(32), verdict, engines: [] },
  });
  const [home, other] = [parts.application.vm("home"), parts.application.vm("web")];
  for (let at = 0; at < 9; at += 1) {
    watched.emit("found", home, file(`f${at}`, "found"));
    watched.emit("cleared", home, file(`c${at}`, "clean"), file("", "found"));
  }
  watched.emit("found", other, file("w", "found"));
  const shown = (): unknown[] => sent.splice(0).map(([name, { path, others }]) => [name, path, others]);
  expect(shown()).toEqual([
    ["scan.found", "f0", 0],
    ["scan.changed", "c0", 0],
    ["scan.found", "w", 0],
  ]);
  vi.advanceTimersByTime(NOTICE_MS);
  expect(shown()).toEqual([
    ["scan.found", "f1", 7],
    ["scan.changed", "c1", 7],
  ]);
  vi.advanceTimersByTime(10 * NOTICE_MS);
  expect(shown()).toEqual([]);
});

it("the page is told of the first of those in quarantine that are others now, and of how many there are, the clean ones apart", () => {
  const sent: unknown[] = [];
  const page = { send: (...words: unknown[]) => void sent.push(words) };
  const quarantine = new Emitter<QuarantineEvents>();
  sendFound({ page: page as never, watchedFolders: watched, quarantine: quarantine as Quarantine });
  const engine = { name: "ClamAV", version: null, signatures: null, signature: "Eicar", reason: null };
  const said = (verdict: ScanVerdict) => ({ verdict, engines: [{ ...engine, verdict }], time: "" });
  const file = (path: string, now: ScanVerdict | null): ReviewedFile => ({
    file: { path, from: { kind: "host" }, ...said("found"), now: now === null ? null : said(now) } as never,
    before: said(now === null ? "clean" : "not-scanned"),
  });
  quarantine.emit("reviewed", [file("a", "clean"), file("b", null), file("c", "clean")]);
  const words = { clean: "nothing is found in it", found: "Eicar was found in it (ClamAV)" };
  const unscanned = "it was not scanned: it could not be looked at (ClamAV)";
  const from = { kind: "host" };
  expect(sent).toEqual([
    [
      "scan.changed",
      { from, path: "a", words: words.clean, before: unscanned, isClean: true, isKept: true, others: 1 },
    ],
    [
      "scan.changed",
      { from, path: "b", words: words.found, before: words.clean, isClean: false, isKept: true, others: 0 },
    ],
  ]);
});
