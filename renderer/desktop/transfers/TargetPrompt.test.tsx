// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, QuestionPayload } from "#shared/ipc/index.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { Prompts } from "../Prompts.tsx";

type Asked = QuestionPayload<"transfer.target">;

const [WEB, HOME, WORK] = ["web", "home", "work"] as VmId[] as [VmId, VmId, VmId];
const ASKED: Asked = {
  from: WEB,
  names: ["no”tes\u202e.txt"],
  chosen: 1,
  targets: [
    { vm: HOME, name: "home", label: "lagoon", asks: false },
    { vm: WORK, name: "work", label: "blue", asks: true },
  ],
};

let drawn: Drawn;
let shell: ReturnType<typeof testShell>;

async function ask(change: Partial<Asked> = {}): Promise<() => unknown> {
  let answer: unknown = "none yet";
  await act(async () => {
    void shell.prompts
      .ask({ kind: "transfer.target", payload: { ...ASKED, ...change } })
      .then((outcome) => (answer = outcome));
  });
  // The focus is given in the next frame.
  act(() => void vi.advanceTimersByTime(20));
  return () => answer;
}
const answered = (answer: VmId | null) => ({ status: "answered", answer });
const passASecond = (): void => act(() => void vi.advanceTimersByTime(1_000));
const choices = (): string[] => textsOf(".choice");

beforeEach(async () => {
  vi.useFakeTimers();
  shell = testShell({ bridge: { on: () => () => undefined } as unknown as AtollBridge });
  shell.vms.take([{ id: WEB, name: "web", label: "coral" } as VmStatus]);
  drawn = await draw(
    <ShellContext value={shell}>
      <Prompts />
    </ShellContext>,
  );
});

afterEach(() => {
  vi.useRealTimers();
  drawn.remove();
});

it("quotes the names, counts the others, and marks the VMs for which it asks once more", async () => {
  await ask({ names: ["no”tes\u202e.txt", "b", "c", "d", "e", "f"], chosen: 34 });
  expect(textsOf(".prompt-title")).toEqual(["Send 34 files of web to which VM?"]);
  expect(textsOf(".target-files li")).toEqual(["“no'tesU+202E.txt”", "“b”", "“c”", "“d”", "“e”", "and 29 more"]);
  expect(choices()).toEqual(["home", "workasks once more"]);
});

it("nothing is chosen at first: the arrows choose, Enter sends, in its first second it does not", async () => {
  const answer = await ask();
  await press("Enter");
  await press("ArrowDown");
  expect(element('[role="radio"]', "home").getAttribute("aria-checked")).toBe("true");
  await press("Enter");
  expect(answer()).toBe("none yet");
  passASecond();
  await press("ArrowDown");
  expect(textsOf(".prompt-buttons .button")).toContain("Ask, then send to work");
  await press("Enter");
  expect(answer()).toEqual(answered(WORK));
});

it("by the pointer: a VM, then the button, which is dead for a second", async () => {
  const answer = await ask();
  await click('[role="radio"]', "home");
  await click(".prompt-buttons .button", "Send to home");
  expect(answer()).toBe("none yet");
  passASecond();
  await click(".prompt-buttons .button", "Send to home");
  expect(answer()).toEqual(answered(HOME));
});

it("Escape sends nothing, at once", async () => {
  const answer = await ask();
  await press("Escape");
  expect(answer()).toEqual(answered(null));
});

it("says so where the policy denies all, and can only be cancelled", async () => {
  await ask({ targets: [] });
  expect(textsOf(".target-none")[0]).toContain("The policy lets files of web go to no VM.");
  expect(textsOf(".prompt-buttons .button")).toEqual(["CancelEsc"]);
});
