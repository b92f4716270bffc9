// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MarkContext } from "./Mark.tsx";
import { markPattern } from "./mark-pattern.ts";
import { Prompt, PromptButton } from "./Prompt.tsx";

let root: Root;
const press = vi.fn<() => void>();
const cancel = vi.fn<() => void>();

function ask(title: string): void {
  act(() =>
    root.render(
      <Prompt title={title} text="" cancel={cancel} buttons={<PromptButton press={press}>Do it</PromptButton>}>
        <input type="checkbox" />
      </Prompt>,
    ),
  );
}

function button(text: string): HTMLButtonElement {
  const found = [...document.querySelectorAll("button")].find(({ textContent }) => textContent === text);
  return found ?? expect.fail(`no button ${text}`);
}

const passes = (ms: number): void => act(() => void vi.advanceTimersByTime(ms));

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  vi.useFakeTimers();
  root = createRoot(document.body.appendChild(document.createElement("div")));
  press.mockReset();
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  vi.useRealTimers();
});

it("a prompt cannot be confirmed in its first second, nor in the first after the desktop has the focus again", () => {
  ask("Really?");
  passes(900);
  button("Do it").click();
  expect(press).not.toHaveBeenCalled();
  passes(100);
  act(() => void window.dispatchEvent(new Event("focus")));
  passes(900);
  button("Do it").click();
  expect(press).not.toHaveBeenCalled();
  passes(100);
  button("Do it").click();
  expect(press).toHaveBeenCalledOnce();
});

it("a press that has begun in that second answers nothing, however long it is held", () => {
  ask("Really?");
  passes(900);
  const point = (type: string): void =>
    act(() => void button("Do it").dispatchEvent(new PointerEvent(type, { bubbles: true })));
  point("pointerdown");
  passes(2_000);
  expect(button("Do it").disabled).toBe(true);
  point("pointerup");
  // Now its click would come.
  expect(button("Do it").disabled).toBe(true);
  passes(1);
  expect(button("Do it").disabled).toBe(false);
});

/** Whether the prompt keeps this key from the button that has the focus. */
function isTaken(key: string, target: Element = button("Cancel")): boolean {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  act(() => void target.dispatchEvent(event));
  return event.defaultPrevented;
}

it("in that second Enter and Space press nothing, not even Cancel: somebody was typing", () => {
  ask("Really?");
  expect(["Enter", " ", "Tab"].map((key) => isTaken(key))).toEqual([true, true, false]);
  passes(1_000);
  expect(["Enter", " "].map((key) => isTaken(key))).toEqual([false, false]);
});

it("nor do they while somebody goes on typing, whose next word would answer it", () => {
  ask("Really?");
  passes(2_000);
  expect(["a", "b", " ", "c", "Enter"].map((key) => isTaken(key))).toEqual([false, false, true, false, true]);
  passes(999);
  expect(isTaken("Enter")).toBe(true);
  passes(1);
  expect(["Enter", " "].map((key) => isTaken(key))).toEqual([false, false]);
});

it("what is typed into a field of the prompt is not in the way of its answer", () => {
  ask("Really?");
  passes(1_000);
  const field = document.querySelector("input") ?? expect.fail("no field");
  expect([isTaken("a", field), isTaken("Enter", field), isTaken("Enter")]).toEqual([false, false, false]);
});

it("the mark of this person is shown, and that there is none", () => {
  const mark = (): string | null | undefined => document.querySelector('[data-part="mark"] strong')?.textContent;
  ask("Really?");
  expect([mark(), document.querySelector(".mark-picture")]).toEqual(["No mark", null]);
  act(() =>
    root.render(
      <MarkContext value={{ words: "slow lantern", pattern: "0123abcd" }}>
        <Prompt title="Really?" text="" cancel={cancel} buttons={null} />
      </MarkContext>,
    ),
  );
  expect(mark()).toBe("slow lantern");
  expect(document.querySelector(".mark-picture path")?.getAttribute("d")).toBe(markPattern("0123abcd").lines[0]?.path);
});

it("another question waits for as long again: a double click does not answer it", () => {
  ask("Really?");
  passes(1_000);
  ask("Sure?");
  button("Do it").click();
  expect(press).not.toHaveBeenCalled();
});

it("Cancel has the focus, not what comes before it: Enter confirms nothing", async () => {
  vi.useRealTimers();
  ask("Really?");
  await vi.waitFor(() => expect(document.activeElement).toBe(button("Cancel")));
});
