/** Scans that a person in a guest asks for. Its agent, and the scanner's, are spoken for by the test. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FileReason, ScanVerdict } from "#shared/protocol/gen/atoll_pb.ts";
import type { EventPayload } from "#shared/ipc/index.ts";
import { type LinkedVm, linkedVm } from "../clipboard/testing/linked-vm.ts";
import { bytes, entry, whole } from "../files/testing/files-desk.ts";
import { answerScans, NOTICE_MS, WHOLE_MS } from "./guest-scans.ts";
import { Scanner } from "./scanner.ts";
import { clean, ENGINE, KEEPS_NOTHING, ScriptedEngine } from "./testing/scripted-engine.ts";

let home: LinkedVm;
let engine: ScriptedEngine;
let engines: ScriptedEngine[];
let told: { name: string; payload: unknown }[];

beforeEach(async () => {
  home = await linkedVm("home");
  engine = new ScriptedEngine(await linkedVm("antivirus"));
  [engines, told] = [[engine], []];
  const hostFiles = {
    spawn: () => {
      throw new Error("no host here");
    },
    program: "/none",
  };
  answerScans({
    application: { vms: [home.vm], on: () => () => undefined },
    hostFiles,
    page: { send: (name, payload) => void told.push({ name, payload }) },
    scanner: new Scanner(() => engines, KEEPS_NOTHING),
  });
});

const wants = (wanted: number, ...paths: string[]): string =>
  home.agent.say("scanWanted", { wanted, paths: paths.map(bytes) });

/** The nth list that is asked for: nothing is there. */
async function isGone(round: number): Promise<void> {
  await home.agent.until(() => home.agent.sentOf("filesList").length >= round);
  const { transfer = 0 } = home.agent.sentOf("filesList")[round - 1] ?? {};
  home.agent.say("filesEnded", { transfer, reason: FileReason.GONE });
}

async function answers(count: number) {
  await home.agent.until(() => home.agent.sentOf("scanAnswered").length >= count);
  return home.agent.sentOf("scanAnswered");
}

const listed = (): string[] =>
  home.agent.sentOf("filesList").map(({ paths = [] }) => Buffer.from(paths[0] ?? []).toString());

describe("a scan that a guest asks for", () => {
  it("says of the file what the scanner says, to the program and to the person", async () => {
    engine.answers = () => clean({ engine: ENGINE, verdict: "found", signature: "Eicar" });
    wants(1, "/home/user/a");
    for (const round of [1, 2]) {
      await home.agent.until(() => home.agent.sentOf("filesList").length >= round);
      const { transfer = 0 } = home.agent.sentOf("filesList").at(-1) ?? {};
      home.agent.say("filesListed", { transfer, entries: [entry(0, "a")] as never, last: true });
      if (round === 2) break;
      await home.agent.until(() => home.agent.sentOf("filesStop").length >= 1);
      home.agent.say("filesEnded", { transfer });
    }
    const { agent } = engine.linked;
    await agent.until(() => agent.sentOf("filesExpected").some(({ last }) => last));
    const { transfer = 0 } = agent.sentOf("filesReceive")[0] ?? {};
    agent.say("filesReady", { transfer });
    await home.agent.until(() => home.agent.sentOf("filesSend").length > 0);
    agent.say("filesDone", { transfer, results: [whole(0)] as never, bytes: 8n });
    await home.agent.until(() => home.agent.sentOf("filesStop").length >= 2);
    home.agent.say("filesEnded", { transfer: home.agent.sentOf("filesStop").at(-1)?.transfer ?? 0 });
    await agent.until(() => agent.sentOf("filesStop").length > 0);
    agent.say("filesEnded", { transfer });
    const why = "Eicar was found in it (ClamAV)";
    expect(await answers(1)).toMatchObject([
      {
        wanted: 1,
        verdict: ScanVerdict.FOUND,
        files: [{ path: "/home/user/a", verdict: ScanVerdict.FOUND, why }],
        detail: "",
      },
    ]);
    expect(told).toMatchObject([
      { name: "scan.ended", payload: { from: { name: "home" }, path: "/home/user/a", words: why, others: 0 } },
    ]);
  });

  it("is not clean where there is no file: of a link, a pipe or an empty folder", async () => {
    wants(1, "/pipe");
    await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
    const { transfer = 0 } = home.agent.sentOf("filesList")[0] ?? {};
    const entries = [entry(0, "pipe", { kind: 3, reason: FileReason.SPECIAL, size: 0n })];
    home.agent.say("filesListed", { transfer, entries, last: true });
    await home.agent.until(() => home.agent.sentOf("filesStop").length > 0);
    home.agent.say("filesEnded", { transfer });
    expect((await answers(1))[0]).toMatchObject({
      verdict: ScanVerdict.NOT_SCANNED,
      files: [{ path: "/pipe", why: "it was not scanned: there is no file in it" }],
    });
  });

  it("is refused where no scanner runs, and in a service; of the first the person is told, with few words for many", async () => {
    engines = [];
    for (let wanted = 1; wanted <= 8; wanted += 1) wants(wanted, "/a");
    expect((await answers(8)).at(-1)).toMatchObject({
      verdict: ScanVerdict.NOT_SCANNED,
      files: [],
      detail: expect.stringContaining("No scanner runs") as string,
    });
    expect(told).toMatchObject([{ name: "scan.noScanner", payload: { from: { name: "home" } } }]);
    engines = [engine];
    home.vm.redefine({ ...home.vm.definition, role: "service" });
    wants(9, "/a");
    expect((await answers(9)).at(-1)).toMatchObject({ detail: "Files of a service are not scanned." });
    expect(listed()).toEqual([]);
  });

  it("waits for those before it, and is one with an equal one that waits, not with one that has begun", async () => {
    wants(1, "/a");
    await home.agent.until(() => listed().length === 1);
    for (const wanted of [2, 3]) wants(wanted, "/a");
    wants(4, "/b\n", "/c");
    for (const round of [1, 2, 3, 4]) await isGone(round);
    expect((await answers(4)).map(({ wanted }) => wanted)).toEqual([1, 2, 3, 4]);
    expect(listed()).toEqual(["/a", "/a", "/b\n", "/c"]);
    expect((await answers(4)).at(-1)).toMatchObject({ files: [{ path: "/b\n" }, { path: "/c" }] });
  });

  it("for which nobody waits ends, and the next one begins", async () => {
    wants(1, "/a", "/never");
    wants(2, "/b");
    wants(3, "/c");
    await home.agent.until(() => listed().length === 1);
    for (const wanted of [1, 2]) home.agent.say("scanDropped", { wanted });
    await home.agent.until(() => home.agent.sentOf("filesStop").length === 1);
    home.agent.say("filesEnded", { transfer: home.agent.sentOf("filesStop")[0]?.transfer ?? 0 });
    await isGone(2);
    expect(await answers(1)).toMatchObject([{ wanted: 3 }]);
    expect(listed()).toEqual(["/a", "/c"]);
    expect(told).toMatchObject([{ name: "scan.ended", payload: { path: "/c" } }]);
  });

  it("goes on for those who wait while another one goes away, and all end with the VM", async () => {
    wants(1, "/x");
    await home.agent.until(() => listed().length === 1);
    for (const wanted of [2, 3]) wants(wanted, "/a");
    home.agent.say("scanDropped", { wanted: 2 });
    await isGone(1);
    await isGone(2);
    expect((await answers(2)).map(({ wanted }) => wanted)).toEqual([1, 3]);
    wants(4, "/b");
    wants(5, "/c");
    await home.agent.until(() => listed().length === 3);
    await home.vm.kill();
    await new Promise((resolve) => setImmediate(resolve));
    expect(listed()).toEqual(["/x", "/a", "/b"]);
    expect(home.agent.sentOf("scanAnswered")).toHaveLength(2);
  });

  it("of an agent that never answers ends after a time, and the next one begins", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      wants(1, "/a", "/b");
      wants(2, "/c");
      await home.agent.until(() => listed().length === 1);
      vi.advanceTimersByTime(WHOLE_MS);
      expect((await answers(1)).at(-1)).toMatchObject({
        wanted: 1,
        verdict: ScanVerdict.NOT_SCANNED,
        files: [{ path: "/a" }, { path: "/a", why: "it was not scanned: it took too long" }],
      });
      await home.agent.until(() => listed().length === 2);
      expect(listed()).toEqual(["/a", "/c"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is told with those that end soon after the last notice, as one", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (const wanted of [1, 2, 3]) {
        wants(wanted, `/${wanted}`);
        await isGone(wanted);
        await answers(wanted);
      }
      expect(told).toHaveLength(1);
      vi.advanceTimersByTime(NOTICE_MS);
      const shown = told.map(({ payload }) => payload as EventPayload<"scan.ended">);
      expect(shown.map(({ path, others }) => [path, others])).toEqual([
        ["/1", 0],
        ["/2", 1],
      ]);
    } finally {
      vi.useRealTimers();
    }
  });
});
