import fs from "node:fs";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { MAX_FILE_WATCHES } from "#shared/protocol/limits.ts";
import { LAST_WINDOW_MS } from "../disposables/disposables.ts";
import type { TransferredFile, TransferRequest } from "../files/transfer.ts";
import { files } from "../vms/services/files.ts";
import { fileItem } from "./item.ts";
import type { OpenRequest, Opened } from "./request.ts";
import { OpenDesk } from "./testing/desk.ts";

let desk: OpenDesk;

beforeEach(() => {
  desk = new OpenDesk(vi.waitFor);
  desk.define("home", "lagoon").define("mail", "lagoon").define("web", "coral");
});
afterEach(() => desk.close());

const LETTER = fileItem(Buffer.from("/home/me/letter.odt"));
const OUT = "ab".repeat(32);
const BACK = "cd".repeat(32);

function returned(more: Partial<TransferredFile>): { files: TransferredFile[] } {
  const path = Buffer.from("letter.odt");
  return {
    files: [
      {
        index: 0,
        path,
        isFolder: false,
        bytes: 20,
        outcome: "whole",
        reason: null,
        scan: "",
        sha256: BACK,
        arrivedAt: null,
        ...more,
      },
    ],
  };
}

/** Opened for editing; what comes back is as `back` says. */
async function edited(where: string, more: Partial<OpenRequest> = {}): Promise<Opened> {
  const opening = desk.opener.open({
    item: LETTER,
    from: null,
    in: { kind: "disposable" },
    edit: true,
    wanted: null,
    ...more,
  });
  if (where === "disp-1") await desk.comesUp(where);
  await desk.runs(where);
  return opening;
}

const returns = (): object[] => desk.transfers.slice(1);
const outcomes = (): unknown[] => desk.told.map((told) => (told as { outcome: string }).outcome);

describe("a file that is edited in a disposable", () => {
  beforeEach(() => desk.open("home", "mail"));

  it("can be written there, and comes back when it was saved, each time in place of what came back before", async () => {
    await edited("disp-1");
    expect(desk.transfers[0]).toMatchObject({ destination: { kind: "opened", isReadOnly: false } });
    desk.carries = () => returned({});
    desk.saved("disp-1", 20);
    await vi.waitFor(() => expect(outcomes()).toEqual(["returned"]));
    desk.saved("disp-1", 30);
    await vi.waitFor(() => expect(outcomes()).toEqual(["returned", "returned"]));
    const source = { party: { kind: "vm" }, paths: [Buffer.from("/run/opened/file")] };
    const target = { kind: "host" };
    const path = Buffer.from("/home/me/letter.odt");
    expect(returns()).toMatchObject([
      { source, target, destination: { kind: "replaced", path, sha256: OUT }, permission: { kind: "given", seq: 2 } },
      { source, target, destination: { kind: "replaced", path, sha256: BACK }, permission: { kind: "given", seq: 3 } },
    ]);
    expect(await desk.entries()).toMatchObject([
      { action: "file.open" },
      { action: "file.send", from: { name: "disp-1" }, to: { kind: "host" }, type: null, by: "person" },
      { action: "file.send" },
    ]);
    expect(desk.page.asked).toEqual([]);
  });

  it("is fetched once more when its windows are closed, before the disposable goes", async () => {
    const opened = await edited("disp-1");
    let carry: () => void = () => undefined;
    const carried = new Promise<void>((resolve) => (carry = resolve));
    desk.carries = () => carried.then(() => returned({}));
    const finished = opened.finished();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    desk.closes("disp-1");
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS);
    await vi.waitFor(() => expect(returns()).toHaveLength(1));
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 10);
    expect(desk.vm("disp-1").isOn).toBe(true);
    carry();
    expect(await finished).toBe(true);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS);
    await vi.waitFor(() => expect(desk.application.vms.map((vm) => vm.definition.name)).not.toContain("disp-1"));
  });

  it("is not fetched when the first window makes way for another one", async () => {
    const opened = await edited("disp-1");
    let isFinished = false;
    const finished = opened.finished().then(() => (isFinished = true));
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    desk.closes("disp-1");
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS - 1);
    desk.window("disp-1", 200);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS * 10);
    expect([isFinished, returns(), desk.vm("disp-1").isOn]).toEqual([false, [], true]);
    desk.carries = () => returned({});
    desk.closes("disp-1", 200);
    await vi.advanceTimersByTimeAsync(LAST_WINDOW_MS);
    await finished;
    expect(returns()).toHaveLength(1);
  });

  it("that was not changed does not count as one that came back, and nobody is told", async () => {
    const opened = await edited("disp-1");
    desk.carries = () => returned({ outcome: "same" });
    desk.closes("disp-1");
    expect(await opened.finished()).toBe(false);
    expect(outcomes()).toEqual([]);
  });

  it("stays beside the other where both were changed, and from then on changes its own copy", async () => {
    await edited("disp-1");
    const copy = Buffer.from("/home/me/letter (2).odt");
    desk.carries = () => returned({ outcome: "kept-both", arrivedAt: copy });
    desk.saved("disp-1", 20);
    await vi.waitFor(() =>
      expect(desk.told).toMatchObject([
        { outcome: "kept-both", detail: expect.stringContaining("letter (2).odt") as string, comparison: 1 },
      ]),
    );
    // What differs is between the file that was changed where it lives and its copy.
    const there = Buffer.from("/home/me/letter.odt");
    expect(desk.compared).toEqual([{ vm: null, name: "letter.odt", there, edited: copy }]);
    desk.saved("disp-1", 21);
    await vi.waitFor(() => expect(returns()).toHaveLength(2));
    expect(returns()[1]).toMatchObject({ destination: { kind: "replaced", path: copy, sha256: BACK } });
  });

  it.each([
    [0, "saved empty"],
    [64 * 1024 * 1024 + 1, "more than the 67108864"],
  ])("is not taken back with %i bytes, which is told", async (size, words) => {
    await edited("disp-1");
    desk.saved("disp-1", size);
    await vi.waitFor(() =>
      expect(desk.told).toMatchObject([{ outcome: "not-returned", detail: expect.stringContaining(words) as string }]),
    );
    expect(returns()).toEqual([]);
  });

  it("is not taken back where its real size is more, or more than the policy lets through", async () => {
    await desk.policy.change((text) =>
      text.replace(
        "rules:",
        'rules:\n  - {action: file.send, from: "@any", to: "@host", decision: allow, maxBytes: 1000}',
      ),
    );
    await edited("disp-1");
    desk.saved("disp-1", 20);
    await vi.waitFor(() => expect(returns()).toHaveLength(1));
    const { permission } = desk.transfers[1] as TransferRequest;
    const admits = permission.kind === "given" ? permission.admits : undefined;
    expect(admits?.(1000)).toBeNull();
    expect(admits?.(1001)).toContain("1000");
    expect(admits?.(64 * 1024 * 1024 + 1)).toContain("more than the 67108864");
  });

  it("that is refused at home is told with its reason, and the next one is tried", async () => {
    await edited("disp-1");
    desk.carries = () => returned({ outcome: "refused", reason: "no-space", sha256: null });
    desk.saved("disp-1", 20);
    await vi.waitFor(() =>
      expect(desk.told).toMatchObject([
        { outcome: "not-returned", detail: expect.stringContaining("disk is full") as string },
      ]),
    );
    desk.carries = () => returned({});
    desk.saved("disp-1", 20);
    await vi.waitFor(() => expect(outcomes()).toEqual(["not-returned", "returned"]));
  });

  it("does not come back where a rule denies it", async () => {
    await desk.policy.change((text) =>
      text.replace("rules:\n", 'rules:\n  - {action: file.send, from: "@disposable", to: "@host", decision: deny}\n'),
    );
    await edited("disp-1");
    desk.saved("disp-1", 20);
    await vi.waitFor(() => expect(outcomes()).toEqual(["not-returned"]));
    expect(returns()).toEqual([]);
  });
});

describe("a file that is edited in a VM that stays", () => {
  beforeEach(() => desk.open("home", "mail"));
  const inMail = (): Promise<Opened> =>
    edited("mail", { from: desk.vm("home"), in: { kind: "vm", vm: desk.vm("mail") } });

  it("does not come back any more when its window was closed", async () => {
    const opened = await inMail();
    desk.carries = () => returned({});
    desk.closes("mail");
    expect(await opened.finished()).toBe(true);
    desk.saved("mail", 20);
    await new Promise((resolve) => setImmediate(resolve));
    expect(returns()).toHaveLength(1);
  });

  it("is not opened where so many are watched that its changes would be missed", async () => {
    for (let at = 0; at < MAX_FILE_WATCHES; at += 1)
      desk
        .vm("mail")
        .service(files)
        .watch(Buffer.from("/a"), () => undefined);
    const opening = desk.opener.open({
      item: LETTER,
      from: desk.vm("home"),
      in: { kind: "vm", vm: desk.vm("mail") },
      edit: true,
      wanted: null,
    });
    await expect(opening).rejects.toMatchObject({ code: "vm.busy" });
  });

  it("comes back without a question for eight hours, and then with one", async () => {
    const now = vi.spyOn(performance, "now");
    onTestFinished(() => now.mockRestore());
    const began = performance.now();
    await inMail();
    now.mockReturnValue(began + 9 * 3_600_000);
    await desk.policy.change((text) =>
      text.replace("rules:\n", "rules:\n  - {action: file.send, from: mail, to: home, decision: ask}\n"),
    );
    desk.saved("mail", 20);
    expect(await desk.answer("deny")).toMatchObject({ action: "file.send", to: { name: "home" } });
    await vi.waitFor(() => expect(outcomes()).toEqual(["not-returned"]));
  });
});

it("a file that is only looked at is not watched", async () => {
  await desk.open();
  await edited("disp-1", { edit: false });
  expect(desk.watches("disp-1")).toEqual([]);
});

describe("what a program of a guest wants edited elsewhere", () => {
  const wants = (from: string): Promise<{ outcome: string }> =>
    desk.wants(from, 1, { kind: "file", path: Buffer.from("/home/user/letter.odt"), mimeType: "" }, { edit: true });

  it("comes back between VMs of one label", async () => {
    fs.writeFileSync(desk.rules.file, "rules: [{type: document, from: home, in: mail}]\n");
    await desk.open("home", "mail");
    const answer = wants("home");
    await desk.runs("mail");
    await answer;
    desk.carries = () => returned({});
    desk.saved("mail", 20);
    await vi.waitFor(() => expect(outcomes()).toEqual(["returned"]));
    expect(desk.page.asked).toEqual([]);
  });

  it("comes back from a VM of another label when the person says so: the guest's word is not theirs", async () => {
    fs.writeFileSync(desk.rules.file, "rules: [{type: document, from: home, in: web}]\n");
    await desk.open("home", "web");
    const answer = wants("home");
    await desk.answer("once");
    await desk.runs("web");
    await answer;
    desk.saved("web", 20);
    expect(await desk.answer("deny", 1)).toMatchObject({
      action: "file.send",
      from: { name: "web" },
      to: { name: "home" },
    });
    await vi.waitFor(() => expect(outcomes()).toEqual(["not-returned"]));
    expect(returns()).toEqual([]);
  });
});
