import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { transferContract } from "#shared/ipc/transfer.ts";
import { AppError } from "#shared/model/app-error.ts";
import { FileKind, FileOutcome, FileReason } from "#shared/protocol/gen/atoll_pb.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { Vm } from "../vms/vm.ts";
import { ChosenFiles } from "./chosen-files.ts";
import { sendTransferEvents } from "./events.ts";
import { transferHandlers } from "./requests.ts";
import { DIGEST, entry, FilesDesk, whole } from "./testing/files-desk.ts";

let desk: FilesDesk;
let dispatcher: Dispatcher;
const chosenFiles = new ChosenFiles();
beforeEach(async () => {
  desk = await FilesDesk.open();
  const vm = (name: string): Vm => {
    const found = [desk.home.vm, desk.web.vm].find((one) => one.definition.name === name || one.id === name);
    if (found === undefined) throw new AppError("vm.not-found", name);
    return found;
  };
  const transfer = transferHandlers({ application: { vm }, chosenFiles, transfers: desk.transfers });
  dispatcher = Dispatcher.of({ transfer: transferContract }, { transfer }, { checksOutputs: true });
});

const copy = (input: object, onClose: (listener: () => void) => void = () => undefined): Promise<unknown> =>
  called(dispatcher, cliCaller({ notify: () => undefined, onClose }), "transfer.copy", {
    from: "home",
    paths: ["a"],
    to: "web",
    target: "in/",
    ...input,
  });

describe("a copy", () => {
  it("is answered when it is over, with what did not arrive and what was there", async () => {
    const answered = copy({ paths: ["a", "b"] });
    const { transfer = 0 } = await desk.heard(desk.home, "filesList");
    const names = ["a", "b", "c", "d\u{202e}"];
    desk.list(transfer, [
      ...names.map((name, index) => entry(index, name)),
      entry(4, "e", { kind: FileKind.LEFT_OUT, reason: FileReason.SPECIAL }),
    ]);
    const web = await desk.ready();
    expect(desk.web.agent.sentOf("filesReceive")[0]?.destination).toMatchObject({ case: "path" });
    desk.done(web, [
      whole(0),
      { ...whole(1), outcome: FileOutcome.KEPT_BOTH },
      { index: 2, outcome: FileOutcome.SAME, sha256: DIGEST },
      { index: 3, outcome: FileOutcome.REFUSED, reason: FileReason.NAME },
    ]);
    desk.ended(desk.web, web);
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
    expect(await answered).toMatchObject({
      files: 2,
      bytes: 16,
      skipped: [{ path: "c", reason: "same" }],
      refused: [
        { path: "d\u{202e}", reason: "name" },
        { path: "e", reason: "special" },
      ],
    });
    expect(await called(dispatcher, cliCaller(), "transfer.list", {})).toMatchObject([
      { from: "home", to: "web", state: "done", files: 5, doneFiles: 3, failed: 2 },
    ]);
  });

  it.each([
    ["in one VM", { to: "home" }, "usage.bad-argument"],
    ["on the host", { from: null, paths: ["/a"], to: null, target: "/b" }, "usage.bad-argument"],
    ["of a relative path of the host", { from: null, paths: ["a"] }, "usage.bad-argument"],
    ["with NUL", { paths: ["a\0"] }, "usage.bad-argument"],
    ["of no VM that there is", { from: "other" }, "vm.not-found"],
  ])("%s is refused", async (_what, input, code) => {
    await expect(copy(input)).rejects.toMatchObject({ code });
    expect(desk.transfers.views).toEqual([]);
  });

  it("with a VM that does not run is refused", async () => {
    await desk.web.vm.kill();
    await expect(copy({})).rejects.toMatchObject({ code: "vm.not-running" });
  });

  it("that is denied says so, and one that was interrupted", async () => {
    const refusal = { allowed: false, by: "lapsed", rule: null, explanation: "Nobody answered.", seq: null } as const;
    desk.answer = () => Promise.resolve(refusal);
    const denied = copy({});
    await desk.listFiles(["a"]);
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0);
    await expect(denied).rejects.toMatchObject({ code: "policy.unanswered", message: "Nobody answered." });
    const lost = copy({});
    await desk.heard(desk.home, "filesList", 2);
    await desk.home.vm.kill();
    await expect(lost).rejects.toMatchObject({ code: "transfer.interrupted" });
  });

  it("of which nothing can be listed says why", async () => {
    const failed = copy({});
    const { transfer = 0 } = await desk.heard(desk.home, "filesList");
    desk.ended(desk.home, transfer, FileReason.TOO_MANY);
    await expect(failed).rejects.toMatchObject({ code: "transfer.failed", message: "Too many files." });
  });

  it("for which there is no room says so, and not of each file that it has ended", async () => {
    const failed = copy({ paths: ["a", "b"] });
    await desk.listFiles(["a", "b"]);
    const { transfer = 0 } = await desk.heard(desk.web, "filesReceive");
    desk.ended(desk.web, transfer, FileReason.NO_SPACE, "in: 16 bytes are wanted, 5 are free");
    desk.ended(desk.home, (await desk.heard(desk.home, "filesStop")).transfer ?? 0, FileReason.STOPPED);
    await expect(failed).rejects.toMatchObject({
      code: "transfer.failed",
      message: expect.stringMatching(/^The disk is full there: .*16 bytes are wanted, 5 are free/) as string,
      details: { refused: [{ path: "a" }, { path: "b" }] },
    });
  });

  it("is cancelled when its command has gone", async () => {
    let gone: () => void = () => undefined;
    const cancelled = copy({}, (listener) => {
      const before = gone;
      gone = () => [before(), listener()];
    });
    await desk.listFiles(["a"]);
    const web = await desk.ready();
    gone();
    await desk.heard(desk.web, "filesStop");
    for (const [vm, transfer] of [[desk.web, web] as const, [desk.home, 1] as const]) desk.ended(vm, transfer);
    await expect(cancelled).rejects.toMatchObject({ code: "transfer.cancelled" });
  });
});

describe("the page", () => {
  it("sends to the folder for what comes in, and is told of all transfers, some times a second", async () => {
    vi.useFakeTimers();
    const page = new CheckedPage();
    sendTransferEvents({ page, transfers: desk.transfers });
    const input = { source: { kind: "vm", vm: desk.home.vm.id, paths: ["/a"] }, to: desk.web.vm.id };
    expect(await called(dispatcher, PAGE_CALLER, "transfer.send", input)).toEqual({ id: 1 });
    for (let at = 0; at < 1_000; at += 1) {
      desk.transfers.emit("changed");
      vi.advanceTimersByTime(1);
    }
    vi.useRealTimers();
    expect(page.events.length).toBeLessThanOrEqual(6);
    expect(page.events.at(-1)).toMatchObject({
      name: "transfer.changed",
      payload: { transfers: [{ id: 1, state: "waiting", name: "a", chosen: 1, from: { name: "home" } }] },
    });
    await desk.listFiles(["a"]);
    await desk.ready();
    expect(desk.web.agent.sentOf("filesReceive")[0]?.destination?.case).toBe("incoming");
    const files = await called(dispatcher, PAGE_CALLER, "transfer.files", { id: 1, offset: 0, count: 10 });
    expect(files).toEqual({
      total: 1,
      files: [
        {
          index: 0,
          path: "a",
          isFolder: false,
          bytes: 8,
          state: "moving",
          reason: null,
          scan: "",
          isClean: false,
          canOpen: false,
        },
      ],
    });
  });

  it("sends files of this computer by the word that it was given for them, and no others", async () => {
    const to = desk.web.vm.id;
    const send = (source: object): Promise<unknown> => called(dispatcher, PAGE_CALLER, "transfer.send", { source, to });
    const files = chosenFiles.add(["/etc/hostname"]);
    expect(await send({ kind: "chosen", files })).toEqual({ id: 1 });
    expect(desk.transfers.get(1).request.source).toMatchObject({
      party: { kind: "host" },
      paths: [Buffer.from("/etc/hostname")],
    });
    for (const source of [
      { kind: "chosen", files },
      { kind: "chosen", files: randomUUID() },
    ])
      await expect(send(source)).rejects.toMatchObject({ code: "usage.bad-argument" });
    await expect(send({ kind: "host", paths: ["/etc/passwd"] })).rejects.toMatchObject({ code: "usage.bad-argument" });
    expect(desk.transfers.views).toHaveLength(1);
  });

  it("is told that there is no such transfer, and what cannot be done to one", async () => {
    await expect(called(dispatcher, PAGE_CALLER, "transfer.pause", { id: 9 })).rejects.toMatchObject({
      code: "transfer.not-found",
    });
    desk.start(["a"]);
    await expect(called(dispatcher, PAGE_CALLER, "transfer.retry", { id: 1 })).rejects.toMatchObject({
      code: "transfer.wrong-state",
    });
  });
});
