// @vitest-environment happy-dom
import { act, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge, Envelope } from "#shared/ipc/index.ts";
import type { OfferedApp } from "#shared/model/app.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { type Shell, ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { Launcher } from "./Launcher.tsx";

type Answer = Envelope<OfferedApp[]>;
const asked = new Map<string, (answer: unknown) => void>();
const bridge = {
  request: (_name: string, { vm }: { vm: string }) => new Promise((answer) => asked.set(vm, answer)),
} as unknown as AtollBridge;
const send = vi.fn<Shell["send"]>();
const shell = testShell({ bridge, send });

const vm = (name: string, state: VmStatus["state"] = "running"): VmStatus =>
  ({ id: name as VmId, name, label: "lagoon", state }) as VmStatus;
const app = (of: string, name: string): OfferedApp => ({ vm: of, id: name, name, kind: "other" });
const answer = (of: string, value: Answer): Promise<void> => act(async () => asked.get(of)?.(value));
const options = (): string[] =>
  [...document.querySelectorAll('[role="option"]')].map(
    (option) => `${option.getAttribute("aria-selected") === "true" ? "> " : ""}${option.getAttribute("aria-label")}`,
  );
const status = (): string => document.querySelector('[role="status"]')?.textContent.trim() ?? "";

let root: Root;
const open = (launcher: ReactNode): void =>
  act(() => root.render(<ShellContext value={shell}>{launcher}</ShellContext>));

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  asked.clear();
  shell.vms.take([vm("home"), vm("off", "stopped"), vm("web")]);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
});

it("programs are there as soon as their VM answers, and it says who has not", async () => {
  open(<Launcher only={null} />);
  expect([...asked.keys()]).toEqual(["home", "web"]);
  expect(status()).toBe("Asking home, web…");
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  expect(options()).toEqual(["> Foot, web"]);
  expect(status()).toBe("Asking home…");
  await answer("home", { ok: false, error: { code: "vm.timeout", message: "", details: {} } });
  expect(status()).toBe("No answer from home.");
});

it("the program that is chosen stays so when another VM answers", async () => {
  open(<Launcher only={null} />);
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  await answer("home", { ok: true, value: [app("home", "Foot"), app("home", "Calc")] });
  expect(options()).toEqual(["Calc, home", "Foot, home", "> Foot, web"]);
  expect(status()).toBe("");
});

it("one VM's programs are asked of that VM alone", () => {
  open(<Launcher only={"web" as VmId} />);
  expect([...asked.keys()]).toEqual(["web"]);
});

it("starts the chosen program in a disposable of its VM, by key and by its button", async () => {
  for (const start of [
    (panel: Element) =>
      panel.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", shiftKey: true, bubbles: true })),
    (panel: Element) =>
      [...panel.querySelectorAll("button")].find(({ textContent }) => /disposable/.test(textContent))?.click(),
  ]) {
    open(<Launcher only={null} />);
    await answer("web", { ok: true, value: [app("web", "Foot")] });
    act(() => void start(document.querySelector('[role="dialog"]') ?? expect.unreachable()));
    expect(send).toHaveBeenLastCalledWith("disposable.start", { forVm: "web", program: { appId: "Foot" } });
    send.mockClear();
  }
});

it("Enter on a button that has the focus starts no program: it presses the button", async () => {
  open(<Launcher only={null} />);
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  send.mockClear();
  const button = document.querySelector<HTMLButtonElement>(".launcher-open") ?? expect.fail("no button");
  button.focus();
  const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
  await act(async () => void button.dispatchEvent(enter));
  expect([enter.defaultPrevented, send.mock.calls]).toEqual([false, []]);
});

const kiosk = (name: string, title: string, kind: KioskView["kind"]): KioskView => ({
  ...{ name, title, kind, template: "debian", network: "none", note: "", state: "ready", detail: "", memoryMiB: 512 },
});

it("a kiosk is not chosen by itself while programs of VMs may come, and then the first of those is", async () => {
  shell.vms.take([vm("home")]);
  shell.kiosks.take([kiosk("browser", "Browser", "browser")]);
  open(<Launcher only={null} />);
  expect(options()).toEqual(["Browser, disposable"]);
  await answer("home", { ok: true, value: [app("home", "Foot")] });
  expect(options()).toEqual(["> Foot, home", "Browser, disposable"]);
  act(() => shell.kiosks.take([]));
});

it("kiosks are there without any VM, are found by what they are, and start by key", async () => {
  const start = vi.spyOn(shell.kiosks, "start").mockResolvedValue();
  shell.vms.take([]);
  shell.kiosks.take([kiosk("browser", "Browser", "browser"), kiosk("player", "Media player", "video")]);
  open(<Launcher only={null} />);
  expect(options()).toEqual(["> Browser, disposable", "Media player, disposable"]);
  const input = document.querySelector("input") ?? expect.unreachable();
  act(() => {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, "video");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  expect(options()).toEqual(["> Media player, disposable"]);
  act(() => void input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })));
  expect(start.mock.calls).toEqual([["player"]]);
  act(() => shell.kiosks.take([]));
});

it("a kiosk whose image is being built says how far that is", async () => {
  shell.vms.take([]);
  shell.kiosks.take([{ ...kiosk("browser", "Browser", "browser"), state: "not-built" }]);
  shell.templates.take({ name: "debian", step: "install", fraction: 0.42, detail: "" });
  open(<Launcher only={null} />);
  expect(document.querySelector(".launcher-note")?.textContent).toBe("its image is being built, 42 %");
  act(() => shell.templates.ended("debian"));
  act(() => shell.kiosks.take([]));
});

it("says that no VM runs where none does, and else that none has a program", async () => {
  const none = () => document.querySelector(".launcher-none")?.textContent;
  shell.vms.take([vm("off", "stopped")]);
  open(<Launcher only={null} />);
  expect(none()).toBe("No VM is running: start one by its name in the top bar.");
  act(() => shell.vms.take([vm("home")]));
  await answer("home", { ok: true, value: [] });
  expect(none()).toBe("No programs found in the running VMs.");
});

it("the Tab key stays within it", async () => {
  open(<Launcher only={null} />);
  await answer("web", { ok: true, value: [app("web", "Foot")] });
  const tab = (held: KeyboardEventInit = {}): void => {
    const event = new KeyboardEvent("keydown", { key: "Tab", bubbles: true, cancelable: true, ...held });
    act(() => void document.activeElement?.dispatchEvent(event));
  };
  const last = document.querySelector<HTMLElement>(".launcher-open") ?? expect.fail("no button");
  last.focus();
  tab();
  expect(document.activeElement).toBe(document.querySelector("input"));
  tab({ shiftKey: true });
  expect(document.activeElement).toBe(last);
});
