import { beforeEach, describe, expect, it } from "vitest";
import { scanContract } from "#shared/ipc/scan.ts";
import { AppError } from "#shared/model/app-error.ts";
import { FileKind, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import { type LinkedVm, linkedVm } from "../clipboard/testing/linked-vm.ts";
import { entry, whole } from "../files/testing/files-desk.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller } from "../ipc/testing/checked.ts";
import { scanHandlers } from "./requests.ts";
import { shownPath } from "./scan-path.ts";
import { Scanner } from "./scanner.ts";
import { KEEPS_NOTHING, ScriptedEngine } from "./testing/scripted-engine.ts";

let home: LinkedVm;
let engine: ScriptedEngine;
let engines: ScriptedEngine[];
let dispatcher: Dispatcher;

beforeEach(async () => {
  home = await linkedVm("home");
  engine = new ScriptedEngine(await linkedVm("antivirus"));
  engines = [engine];
  const vm = (name: string): LinkedVm["vm"] => {
    if (name === "home") return home.vm;
    throw new AppError("vm.not-found", name);
  };
  const hostFiles = {
    spawn: () => {
      throw new Error("no host here");
    },
    program: "/none",
  };
  const scan = scanHandlers({ application: { vm }, hostFiles, scanner: new Scanner(() => engines, KEEPS_NOTHING) });
  dispatcher = Dispatcher.of({ scan: scanContract }, { scan }, { checksOutputs: true });
});

const scan = (vm: string, ...paths: string[]): Promise<unknown> =>
  called(dispatcher, cliCaller({ notify: () => undefined, onClose: () => undefined }), "scan.files", { vm, paths });

/** The source answers what is asked of it, with these entries. */
async function list(round: number, entries: readonly object[]): Promise<void> {
  await home.agent.until(() => home.agent.sentOf("filesList").length >= round);
  const { transfer = 0 } = home.agent.sentOf("filesList").at(-1) ?? {};
  home.agent.say("filesListed", { transfer, entries: entries as never, last: true });
}

async function stop({ agent }: LinkedVm, round: number): Promise<void> {
  await agent.until(() => agent.sentOf("filesStop").length >= round);
  agent.say("filesEnded", { transfer: agent.sentOf("filesStop").at(-1)?.transfer ?? 0 });
}

describe("a scan", () => {
  it("names each file by its path, and what could not even be listed", async () => {
    const answered = scan("home", "in/");
    const entries = [
      entry(0, "in", { kind: FileKind.FOLDER, size: 0n }),
      entry(1, "in/a"),
      entry(2, "in/link", { kind: FileKind.LEFT_OUT, reason: FileReason.SYMLINK }),
      entry(3, "in/locked", { kind: FileKind.LEFT_OUT, reason: FileReason.UNREADABLE }),
    ];
    await list(1, entries);
    await stop(home, 1);
    await list(2, entries);
    const { agent } = engine.linked;
    await agent.until(() => agent.sentOf("filesExpected").some(({ last }) => last));
    const { transfer = 0 } = agent.sentOf("filesReceive")[0] ?? {};
    agent.say("filesReady", { transfer });
    await home.agent.until(() => home.agent.sentOf("filesSend").length > 0);
    agent.say("filesDone", { transfer, results: [whole(1)] as never, bytes: 8n });
    await Promise.all([stop(home, 2), stop(engine.linked, 1)]);
    expect(await answered).toMatchObject([
      { path: "in/a", verdict: "clean" },
      { path: "in/locked", verdict: "not-scanned", engines: [{ reason: "cannot be read" }] },
    ]);
    expect(Buffer.from(home.agent.sentOf("filesList")[0]?.paths?.[0] ?? []).toString()).toBe("in");
  });

  it("of what is not there says so", async () => {
    const answered = scan("home", "nowhere");
    await home.agent.until(() => home.agent.sentOf("filesList").length > 0);
    const { transfer = 0 } = home.agent.sentOf("filesList")[0] ?? {};
    home.agent.say("filesEnded", { transfer, reason: FileReason.GONE });
    expect(await answered).toMatchObject([
      { path: "nowhere", sha256: null, verdict: "not-scanned", engines: [{ reason: "is not there" }] },
    ]);
  });

  it("cannot be where no scanner was started, in a VM that is not there, and of what is no path", async () => {
    await expect(scan("nobody", "a")).rejects.toMatchObject({ code: "vm.not-found" });
    await expect(scan("home", "a\0b")).rejects.toMatchObject({ code: "usage.bad-argument" });
    engines = [];
    await expect(scan("home", "a")).rejects.toMatchObject({
      code: "scan.no-scanner",
      message: expect.stringContaining("atoll service start antivirus") as string,
    });
    await home.vm.kill();
    await expect(scan("home", "a")).rejects.toMatchObject({ code: "vm.not-running" });
  });
});

it.each([
  ["a.txt", "a.txt", "a.txt"],
  ["in/a.txt", "a.txt", "in/a.txt"],
  ["in", "in/a/b", "in/a/b"],
  ["/tmp/in", "in/a", "/tmp/in/a"],
  [".", "user/a", "./a"],
  ["./", "user/a", "./a"],
  ["in/..", "user/a", "in/../a"],
])("of %s %s is shown as %s", (chosen, listed, shown) => expect(shownPath(chosen, listed)).toBe(shown));
