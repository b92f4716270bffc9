// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { Overlays } from "../Overlays.tsx";

const removed = (name: string) => ({ name, lines: [1], fate: "removed", hasHeir: false });
const answers: Record<string, unknown> = {
  "policy.state": {
    state: "broken",
    problem: { file: "policy.yaml", line: 4, column: 1, reason: "no such word" },
    hasLastGood: false,
    unbound: [removed("old"), { ...removed("later"), fate: "not-yet" }],
  },
};
const request = (name: string): Promise<unknown> =>
  name in answers ? Promise.resolve({ ok: true, value: answers[name] }) : new Promise(() => undefined);
const bridge = { request, on: () => () => undefined } as unknown as AtollBridge;
let drawn: Drawn;
let shell: ReturnType<typeof testShell>;
const shown = (): string | null => document.querySelector('[role="dialog"]')?.getAttribute("aria-label") ?? null;

beforeEach(async () => {
  shell = testShell({ bridge, send: () => undefined });
  drawn = await draw(
    <ShellContext value={shell}>
      <Overlays />
    </ShellContext>,
  );
  await act(async () => shell.overlays.open({ kind: "sheet", tab: "settings" }));
});

afterEach(() => drawn.remove());

it("the chosen tab has the focus, and Ctrl+Tab goes from view to view, around", async () => {
  expect([shown(), document.activeElement]).toEqual(["Settings", element('[role="tab"]', "Settings")]);
  await press("Tab", { ctrlKey: true });
  expect(shown()).toBe("VMs");
  await press("Tab", { ctrlKey: true, shiftKey: true });
  expect(shown()).toBe("Settings");
});

it("arrow keys go through the tabs, around, and the focus is on the tab that is shown", async () => {
  const tab = (title: string) => element('[role="tab"]', title);
  for (const [key, title] of [
    ["ArrowLeft", "Transfers"],
    ["ArrowLeft", "Services"],
    ["ArrowLeft", "Opening"],
    ["ArrowLeft", "Network"],
    ["ArrowLeft", "Policy"],
    ["ArrowLeft", "VMs"],
    ["ArrowLeft", "Settings"],
    ["ArrowRight", "VMs"],
    ["End", "Settings"],
    ["Home", "VMs"],
  ] as const) {
    await press(key);
    expect([shown(), document.activeElement]).toEqual([title, tab(title)]);
  }
  await press("Tab", { ctrlKey: true });
  expect(document.activeElement).toBe(tab("Policy"));
  await press("ArrowLeft");
  expect(shown()).toBe("VMs");
});

it("a tab counts what waits for a person: a broken file, rules of a VM that was removed", () => {
  expect(textsOf('[role="tab"]')).toEqual([
    "VMs",
    "Policy2",
    "Network",
    "Opening",
    "Services",
    "Transfers",
    "Settings",
  ]);
});

it("Tab goes around within the sheet", async () => {
  const last = element(".sheet-view button");
  last.focus();
  await press("Tab");
  expect(document.activeElement).not.toBe(last);
  expect(element(".sheet-head").contains(document.activeElement)).toBe(true);
  await press("Tab", { shiftKey: true });
  expect(document.activeElement).toBe(last);
});

it("Escape closes it, and so does a press beside it; a key that is used inside does not", async () => {
  const use = (event: Event): void => event.preventDefault();
  element(".sheet-view button").addEventListener("keydown", use);
  element(".sheet-view button").focus();
  await press("Escape");
  expect(shown()).toBe("Settings");
  element('[role="tab"]').focus();
  await press("Escape");
  expect(shown()).toBeNull();
  await act(async () => shell.overlays.toggleSheet("settings"));
  expect(shown()).toBe("Settings");
  await act(async () => void element(".sheet-layer").dispatchEvent(new PointerEvent("pointerdown", { bubbles: true })));
  expect(shown()).toBeNull();
});

it("has its keys also when what had the focus is gone: Tab leads into it, Escape closes it", async () => {
  const gone = (): void => {
    const button = document.createElement("button");
    element(".sheet-view").append(button);
    button.focus();
    button.remove();
  };
  gone();
  await press("Tab");
  expect(document.activeElement).toBe(element('[role="tab"]', "Settings"));
  gone();
  await press("Escape");
  expect(shown()).toBeNull();
});

it("stays below a prompt", async () => {
  let answered = Promise.resolve<unknown>(null);
  await act(async () => void (answered = shell.prompts.ask({ kind: "quit", payload: { vms: [] } })));
  expect(shown()).toBe("Settings");
  await act(async () => {
    const [prompt] = shell.prompts.getState().waiting;
    if (prompt !== undefined) shell.prompts.answer(prompt, null);
    await answered;
  });
  expect(shown()).toBe("Settings");
});
