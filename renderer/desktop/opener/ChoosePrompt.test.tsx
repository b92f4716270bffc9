// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, QuestionPayload } from "#shared/ipc/index.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { Prompts } from "../Prompts.tsx";
import { vmParty } from "../transfers/testing.ts";

type Asked = QuestionPayload<"open.choose">;

const ASKED: Asked = {
  item: { kind: "file", name: "in”voice\u202epdf", type: "application/pdf" },
  group: "document",
  from: vmParty("web", "coral"),
  rule: { line: 12, text: "type: document, from: web, in: ask" },
  explanation: "",
  choices: [
    { place: { kind: "disposable" }, party: { kind: "new-disposable" }, why: "ready in 0.3 s" },
    { place: { kind: "here" }, party: vmParty("web", "coral"), why: "has Evince" },
    { place: { kind: "vm", vm: "work" as VmId }, party: vmParty("work", "blue"), why: "" },
  ],
  canEdit: true,
  canRemember: true,
};

let drawn: Drawn;
let shell: ReturnType<typeof testShell>;

async function ask(change: Partial<Asked> = {}): Promise<() => unknown> {
  let answer: unknown = "none yet";
  await act(async () => {
    void shell.prompts
      .ask({ kind: "open.choose", payload: { ...ASKED, ...change } })
      .then((outcome) => (answer = outcome));
  });
  // The focus is given in the next frame.
  act(() => void vi.advanceTimersByTime(20));
  return () => answer;
}
const passASecond = (): void => act(() => void vi.advanceTimersByTime(1_000));

beforeEach(async () => {
  vi.useFakeTimers();
  shell = testShell({ bridge: { on: () => () => undefined } as unknown as AtollBridge });
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

it("quotes the file's name, says the places and what is known of them, and which rule asks", async () => {
  await ask();
  expect(textsOf(".prompt-title")).toEqual(["Where shall this file of web open?"]);
  expect(textsOf(".choose-name")).toEqual(["“in'voiceU+202Epdf”application/pdf"]);
  expect(textsOf(".choice")).toEqual(["a disposableready in 0.3 s", "webwhere it ishas Evince", "work"]);
  expect(textsOf(".prompt-note")).toEqual(["Line 12 of open.yaml asks: type: document, from: web, in: ask"]);
});

it("shows every character of a link, and takes nothing of it for anything else", async () => {
  const url = `https://example.org/${"x".repeat(4_000)}<b>\u200b`;
  await ask({ item: { kind: "url", url }, canEdit: false, rule: null, explanation: "A vault opens no links." });
  expect(textsOf(".choose-url")).toEqual([url.replace("\u200b", "U+200B")]);
  expect(document.querySelector(".choose-url b")).toBeNull();
  expect(textsOf(".prompt-title")).toEqual(["Where shall this link of web open?"]);
  expect(textsOf(".prompt-note")).toEqual(["A vault opens no links."]);
  await press("ArrowDown");
  expect(document.querySelector(".prompt .segments")).toBeNull();
});

it("nothing is chosen at first; view is what it does unless the person says edit; the answer is dead for a second", async () => {
  const answer = await ask();
  await press("Enter");
  await press("ArrowDown");
  await press("Enter");
  expect(answer()).toBe("none yet");
  passASecond();
  await press("Enter");
  const place = { kind: "disposable" };
  expect(answer()).toEqual({ status: "answered", answer: { place, edit: false, always: false } });
});

it("edited elsewhere, always so for its group", async () => {
  const answer = await ask();
  passASecond();
  await click('[role="radio"]', "in work");
  await click(".segments button", "Edit");
  expect(textsOf(".prompt-check")).toEqual(["Always do so with documents of web"]);
  await click(".prompt-check input");
  await click(".prompt-buttons .button", "Open in work");
  const place = { kind: "vm", vm: "work" };
  expect(answer()).toEqual({ status: "answered", answer: { place, edit: true, always: true } });
});

it("where it is, it is not carried anywhere: there is nothing to come back", async () => {
  const answer = await ask({ canRemember: false });
  passASecond();
  await click('[role="radio"]', "in work");
  await click(".segments button", "Edit");
  await click('[role="radio"]', "here");
  expect(document.querySelector(".prompt .segments, .prompt-check")).toBeNull();
  await click(".prompt-buttons .button", "Open here, in web");
  expect(answer()).toEqual({ status: "answered", answer: { place: { kind: "here" }, edit: false, always: false } });
});

it("a safe copy is neither edited nor a rule", async () => {
  const safe = { place: { kind: "safe" }, party: vmParty("web", "coral"), why: "its pages as pictures" } as const;
  const answer = await ask({ choices: [...ASKED.choices, safe] });
  passASecond();
  await click('[role="radio"]', "in work");
  await click(".segments button", "Edit");
  await click(".prompt-check input");
  await click('[role="radio"]', "a safe copy");
  expect(document.querySelector(".prompt .segments, .prompt-check")).toBeNull();
  await click(".prompt-buttons .button", "Open a safe copy in web");
  expect(answer()).toEqual({ status: "answered", answer: { place: { kind: "safe" }, edit: false, always: false } });
});

it("Escape opens it nowhere; where the policy denies all it says so", async () => {
  const answer = await ask({ choices: [] });
  expect(textsOf(".choose-none")[0]).toContain("The policy lets it open nowhere.");
  expect(textsOf(".prompt-buttons .button")).toEqual(["CancelEsc"]);
  expect(element(".prompt").querySelector(".segments, .prompt-check")).toBeNull();
  await press("Escape");
  expect(answer()).toEqual({ status: "answered", answer: null });
});
