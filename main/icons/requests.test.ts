/** "Scan" in the menu of icons. Both ends are agents for which the test speaks. */
import { beforeEach, expect, it } from "vitest";
import { iconContract } from "#shared/ipc/icon.ts";
import { FileKind } from "#shared/protocol/gen/atoll_pb.ts";
import { type LinkedVm, linkedVm } from "../clipboard/testing/linked-vm.ts";
import { bytes, entry, whole } from "../files/testing/files-desk.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { Scanner } from "../scanning/scanner.ts";
import { clean, KEEPS_NOTHING, ScriptedEngine } from "../scanning/testing/scripted-engine.ts";
import { iconHandlers } from "./requests.ts";

let home: LinkedVm;
let engine: ScriptedEngine;
let engines: ScriptedEngine[];
let dispatcher: Dispatcher;

beforeEach(async () => {
  home = await linkedVm("home");
  engine = new ScriptedEngine(await linkedVm("antivirus"));
  engines = [engine];
  const unused = (): never => {
    throw new Error("not here");
  };
  const icon = iconHandlers({
    application: { vm: unused },
    hostFiles: { spawn: unused, program: "/none" },
    icons: {
      file: (id) => ({ id, party: { kind: "vm", vm: home.vm }, path: bytes(`Desktop/${id}`), isFolder: false }),
      rename: unused,
      trash: unused,
      restore: unused,
      follow: unused,
      shown: unused,
    },
    opener: { open: unused },
    scanner: new Scanner(() => engines, KEEPS_NOTHING),
    settings: { remember: unused },
    transfers: { start: unused },
  });
  dispatcher = Dispatcher.of({ icon: iconContract }, { icon }, { checksOutputs: true });
});

const scan = (...ids: string[]): Promise<unknown> => called(dispatcher, PAGE_CALLER, "icon.scan", { ids });

async function stop({ agent }: LinkedVm, round: number): Promise<void> {
  await agent.until(() => agent.sentOf("filesStop").length >= round);
  agent.say("filesEnded", { transfer: agent.sentOf("filesStop").at(-1)?.transfer ?? 0 });
}

/** The source lists for the `round`th time. */
async function list(round: number, entries: readonly object[]): Promise<void> {
  await home.agent.until(() => home.agent.sentOf("filesList").length >= round);
  const { transfer = 0 } = home.agent.sentOf("filesList").at(-1) ?? {};
  home.agent.say("filesListed", { transfer, entries: entries as never, last: true });
}

it("says of each icon the worst that is in it, and why", async () => {
  const answered = scan("in");
  const folder = entry(0, "in", { kind: FileKind.FOLDER, size: 0n });
  const entries = [folder, entry(1, "in/a"), entry(2, "in/b")];
  engine.answers = ({ scan: { path } }) =>
    path.endsWith("/2") ? clean({ verdict: "found", signature: "Eicar" }) : clean();
  await list(1, entries);
  await stop(home, 1);
  await list(2, entries);
  const { agent } = engine.linked;
  await agent.until(() => agent.sentOf("filesExpected").some(({ last }) => last));
  const { transfer = 0 } = agent.sentOf("filesReceive")[0] ?? {};
  agent.say("filesReady", { transfer });
  await home.agent.until(() => home.agent.sentOf("filesSend").length > 0);
  agent.say("filesDone", { transfer, results: [whole(1), whole(2)] as never, bytes: 16n });
  await Promise.all([stop(home, 2), stop(engine.linked, 1)]);
  expect(await answered).toEqual([{ id: "in", verdict: "found", words: "Eicar was found in it (ClamAV)" }]);
  expect(Buffer.from(home.agent.sentOf("filesList")[0]?.paths?.[0] ?? []).toString()).toBe("Desktop/in");
});

it("of a folder without files says so, and calls nothing clean", async () => {
  const answered = scan("in");
  await list(1, [entry(0, "in", { kind: FileKind.FOLDER, size: 0n })]);
  await stop(home, 1);
  expect(await answered).toEqual([{ id: "in", verdict: "not-scanned", words: "there is no file in it" }]);
});

it("cannot be without a scanner", async () => {
  engines = [];
  await expect(scan("a")).rejects.toMatchObject({ code: "scan.no-scanner" });
});
