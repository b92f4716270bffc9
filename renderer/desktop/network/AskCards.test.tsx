// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { AskCard } from "#shared/model/network.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, element, press, textsOf } from "../../ui/testing.tsx";
import { promptButtons } from "../../wm/control/prompt-buttons.ts";
import { AskBar, AskCount } from "./AskCards.tsx";
import { vmStatus } from "./testing.ts";

let drawn: Drawn;
let shell: ReturnType<typeof testShell>;
let asked: { name: string; input: unknown }[];

const bridge = {
  request: async (name: string, input: unknown) => {
    asked.push({ name, input });
    return { ok: true, value: name === "network.answer" ? { change: 3, rule: { line: 9, text: "" } } : null };
  },
  on: () => () => undefined,
} as unknown as AtollBridge;

const card = (id: number, change: Partial<AskCard> = {}): AskCard => ({
  ...{ id, vmId: "web" as VmId, vm: "web", names: ["build.harbour.example"], domain: "harbour.example", ports: [443] },
  ...{ programs: [], count: 14, sinceMs: 0, lastMs: Date.now() },
  ...change,
});
const take = (...cards: AskCard[]): Promise<void> => act(async () => shell.asks.take(cards));
const answers = (): string[] => asked.map(({ name, input }) => `${name} ${JSON.stringify(input)}`);
const buttons = () => promptButtons(document);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  asked = [];
  shell = testShell({ bridge, send: () => undefined });
  shell.vms.take([vmStatus("web")]);
  drawn = await draw(
    <ShellContext value={shell}>
      <AskCount />
      <AskBar />
    </ShellContext>,
  );
});

afterEach(() => {
  vi.useRealTimers();
  drawn.remove();
});

const wait = (ms: number): Promise<void> => act(async () => void vi.advanceTimersByTime(ms));

it("a card hangs from the bar, with the same answers for allow and deny, which are dead for a second", async () => {
  expect(document.querySelector(".ask-bar, .sheet-count")).toBeNull();
  await take(card(11), card(12, { names: ["files.reef.example", "a.reef.example"] }));
  expect(textsOf(".ask-card h3")).toEqual(["build.harbour.example:443"]);
  expect(textsOf(".ask-closed")).toEqual(["webfiles.reef.exampleand 1 more"]);
  expect(textsOf(".sheet-count")).toEqual(["2"]);
  expect(buttons().map(({ prompt, name, enabled }) => `${prompt} ${name} ${enabled}`)).toEqual([
    ...["once", "minutes", "hour", "until-stop", "always"].map((name) => `11 ${name} false`),
    "11 deny true",
    ...["deny-minutes", "deny-hour", "deny-until-stop", "deny-always"].map((name) => `11 ${name} false`),
  ]);
  await wait(999);
  expect(buttons().filter(({ enabled }) => enabled).length).toBe(1);
  await wait(1);
  expect(buttons().every(({ enabled }) => enabled)).toBe(true);
});

it("says which program asked by the VM's own word, which cannot close its quotation marks", async () => {
  await take(card(11));
  expect(document.querySelector(".ask-word")).toBeNull();
  await take(card(11, { programs: ["curl", "x” is safe\u{202e}"] }));
  expect(textsOf(".ask-word")).toEqual(["web says: “curl, x' is safeU+202E”"]);
});

it("of a disposable there is no answer that writes a rule", async () => {
  await act(async () => shell.vms.take([{ ...vmStatus("web"), role: "disposable" }]));
  await take(card(11));
  expect(buttons().map(({ name }) => name)).toEqual(["once", "until-stop", "deny", "deny-until-stop"]);
});

it("an answer is for the name, or for all of its domain, and a rule that it writes can be undone", async () => {
  await take(card(11));
  await wait(1_000);
  await click("button", "Allow 1 h");
  await click('[role="radio"]', "*.harbour.example");
  await wait(1_000);
  await click("button", "Deny always");
  expect(answers()).toEqual([
    'network.answer {"card":11,"name":"build.harbour.example","answer":"hour"}',
    'network.answer {"card":11,"name":"*.harbour.example","answer":"deny-always"}',
  ]);
  expect(shell.policyChanges.getState().done.map(({ change }) => change)).toEqual([3, 3]);
});

it("the second click of a double click answers nothing else", async () => {
  const names = ["build.harbour.example", "docs.harbour.example", "www.harbour.example"];
  await take(card(11, { names, ports: [443, 443, 443] }));
  await wait(1_000);
  const enabled = (): string[] => buttons().flatMap(({ name, enabled: isEnabled }) => (isEnabled ? [name] : []));
  for (const [at, answer] of [
    [1, "Allow once"],
    [2, "Deny once"],
  ] as const) {
    await click("button", answer);
    await take(card(11, { names: names.slice(at), ports: [443] }));
    expect(enabled()).toEqual([]);
    await click("button", answer);
    expect(asked.length).toBe(at);
    await wait(1_000);
    expect(enabled().length).toBe(10);
  }
  // Nor where another name comes first, or is chosen.
  await take(card(11, { names: ["new.harbour.example"] }));
  expect(enabled()).toEqual(["deny"]);
  await wait(1_000);
  await click('[role="radio"]', "*.harbour.example");
  expect(enabled()).toEqual(["deny"]);
});

it("a card that comes on top after another is dead again", async () => {
  await take(card(11), card(12));
  await wait(1_000);
  await take(card(12));
  expect(
    buttons()
      .filter(({ enabled }) => enabled)
      .map(({ name }) => name),
  ).toEqual(["deny"]);
});

it("nothing is answered by putting them away, and the next one brings them back", async () => {
  await take(card(11));
  await click("button", "Put away");
  expect(document.querySelector(".ask-bar")).toBeNull();
  await take(card(11, { count: 15 }));
  expect(document.querySelector(".ask-bar")).toBeNull();
  await take(card(11), card(12));
  expect(document.querySelector(".ask-bar")).not.toBeNull();
  expect(asked).toEqual([]);
});

it("goes where the view shows it, by its button", async () => {
  await take(card(11), card(12));
  await click("button", "All 2");
  expect(shell.overlays.getState().overlay).toEqual({ kind: "sheet", tab: "network" });
  expect(document.querySelector(".ask-bar")).toBeNull();
});

it("J and K go through the cards, arrows through the answers", async () => {
  await take(card(11), card(12, { names: ["files.reef.example"], domain: null }));
  await wait(1_000);
  element("button", "Allow once").focus();
  await press("ArrowRight");
  expect(document.activeElement).toBe(element("button", "Allow 10 min"));
  await press("ArrowDown");
  expect(document.activeElement).toBe(element("button", "Deny 10 min"));
  await press("j");
  expect(textsOf(".ask-card h3")).toEqual(["files.reef.example:443"]);
  element(".ask-closed").focus();
  await press("k");
  expect(textsOf(".ask-card h3")).toEqual(["build.harbour.example:443"]);
});

it("arrows go from row to row, however many answers there are", async () => {
  await act(async () => shell.vms.take([{ ...vmStatus("web"), role: "disposable" }]));
  await take(card(11));
  await wait(1_000);
  element("button", "Allow till it stops").focus();
  await press("ArrowDown");
  expect(document.activeElement).toBe(element("button", "Deny till it stops"));
  await press("ArrowUp");
  await press("ArrowLeft");
  expect(document.activeElement).toBe(element("button", "Allow once"));
});
