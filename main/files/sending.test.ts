/** A person in a guest sends files: which VM gets them, and what the program that asked is told. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { OpenOutcome } from "#shared/protocol/gen/atoll_pb.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import type { CrossingOutcome } from "../crossings/crossing-request.ts";
import type { PolicyDecided } from "../policy/policy.ts";
import { answerSending } from "./sending.ts";
import { bytes, FilesDesk, whole } from "./testing/files-desk.ts";

let desk: FilesDesk;
let page: CheckedPage;
let decision: PolicyDecision;
beforeEach(async () => {
  desk = await FilesDesk.open();
  page = new CheckedPage();
  decision = "ask";
  answerSending({
    application: { vms: [desk.home.vm, desk.web.vm], on: () => () => undefined },
    page,
    policy: { decide: () => ({ decision }) as PolicyDecided },
    transfers: desk.transfers,
  });
});

const wants = (to = "", wanted = 1, count = 1): string =>
  desk.home.agent.say("sendWanted", { wanted, paths: [bytes("/home/user/a")], to, count });

async function arrived(count = 1): Promise<void> {
  await desk.listFiles(["a"], 8n, count);
  const web = await desk.ready({}, count);
  desk.done(web, [whole(0)], 8n);
  desk.ended(desk.web, web);
  desk.ended(desk.home, (await desk.heard(desk.home, "filesStop", count)).transfer ?? 0);
}

describe("files that a person sends", () => {
  it("go to the VM that they choose, and the program is told when they are there", async () => {
    wants();
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    expect(page.asked[0]).toMatchObject({
      name: "transfer.target",
      payload: { from: desk.home.vm.id, names: ["a"], chosen: 1, targets: [{ name: "web", asks: true }] },
    });
    page.answered(page.asked[0]?.id, desk.web.vm.id);
    await arrived();
    expect(await desk.heard(desk.home, "sendAnswered")).toMatchObject({ wanted: 1, outcome: OpenOutcome.ELSEWHERE });
  });

  it("go to the VM that they have named, without a question; more than fit in one message are listed by their number", async () => {
    wants("web", 1, 7);
    expect((await desk.heard(desk.home, "filesList")).wanted).toBe(1);
    await arrived();
    expect(await desk.heard(desk.home, "sendAnswered")).toMatchObject({ outcome: OpenOutcome.ELSEWHERE });
    expect(page.asked).toEqual([]);
  });

  it("go nowhere where they choose none, or a VM that was not offered", async () => {
    for (const [at, answer] of [null, desk.home.vm.id].entries()) {
      wants("", at + 1);
      await vi.waitFor(() => expect(page.asked).toHaveLength(at + 1));
      page.answered(page.asked[at]?.id, answer);
      expect(await desk.heard(desk.home, "sendAnswered", at + 1)).toMatchObject({ outcome: OpenOutcome.DENIED });
    }
    expect(desk.home.agent.sentOf("filesList")).toEqual([]);
  });

  it.each(["service", "disposable"] as const)("are not offered to a %s, which gets what names it", async (role) => {
    desk.web.vm.redefine({ ...desk.web.vm.definition, role });
    wants("", 1);
    expect(await desk.heard(desk.home, "sendAnswered")).toMatchObject({ outcome: OpenOutcome.FAILED });
    expect(page.asked).toEqual([]);
    wants("web", 2);
    await desk.heard(desk.home, "filesList");
  });

  it.each([
    ["a VM that is not there", "other", "ask", 'No VM "other" runs'],
    ["themselves", "home", "ask", 'No VM "home" runs'],
    ["nobody, as the policy denies all", "", "deny", "There is no other VM"],
  ] as const)("cannot go to %s", async (_whom, to, decided, words) => {
    decision = decided;
    wants(to);
    const { outcome, detail } = await desk.heard(desk.home, "sendAnswered");
    expect([outcome, detail]).toEqual([OpenOutcome.FAILED, expect.stringContaining(words)]);
  });

  it("are asked about while those before them are on their way", async () => {
    decision = "allow";
    wants("web", 1);
    await desk.listFiles(["a"]);
    await desk.ready();
    expect(desk.transfers.views).toMatchObject([{ state: "moving" }]);
    wants("", 2);
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    page.answered(page.asked[0]?.id, null);
    expect(await desk.heard(desk.home, "sendAnswered")).toMatchObject({ wanted: 2, outcome: OpenOutcome.DENIED });
  });

  it("are asked about after the question whether those before them may go was answered", async () => {
    let answer: (outcome: CrossingOutcome) => void = () => undefined;
    desk.answer = () => new Promise((resolve) => (answer = resolve));
    wants("web", 1);
    wants("", 2);
    await desk.listFiles(["a"]);
    await vi.waitFor(() => expect(desk.asked).toHaveLength(1));
    expect(page.asked).toEqual([]);
    answer({ allowed: true, by: "person", rule: null, explanation: "", seq: 5 });
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
  });

  it("are asked about though something was wrong with those before them", async () => {
    const asked = vi.spyOn(page, "askUntilAnswered").mockRejectedValueOnce(new Error("no page"));
    wants("", 1);
    wants("", 2);
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2));
    expect(await desk.heard(desk.home, "sendAnswered")).toMatchObject({ wanted: 1, outcome: OpenOutcome.FAILED });
  });

  it("go nowhere when their VM has gone while they waited to be asked about", async () => {
    const start = vi.spyOn(desk.transfers, "start");
    wants("", 1);
    wants("web", 2);
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    await desk.home.vm.kill();
    await vi.waitFor(() => expect(page.cancelled).toHaveLength(1));
    await new Promise((resolve) => setImmediate(resolve));
    expect(start).not.toHaveBeenCalled();
  });

  it("are asked about one after another, and no longer when their VM is gone", async () => {
    wants("", 1);
    wants("", 2);
    await vi.waitFor(() => expect(page.asked).toHaveLength(1));
    await desk.home.vm.kill();
    await vi.waitFor(() => expect(page.cancelled).toHaveLength(1));
    expect(page.asked).toHaveLength(1);
  });
});
