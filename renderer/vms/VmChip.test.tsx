// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { VmChip } from "./VmChip.tsx";

const sent: unknown[] = [];
const asked: unknown[] = [];
const bridge = { request: async (...words: unknown[]) => ({ ok: asked.push(words) > 0 }) };
const shell = testShell({ send: (...words) => void sent.push(words), bridge: bridge as never });
const WEB = "web" as VmId;
const vm = (change: Partial<VmStatus> = {}): VmStatus =>
  ({
    ...{
      id: WEB,
      name: "web",
      label: "coral",
      state: "running",
      stateReason: null,
      networkDetail: "",
      stateDetail: "",
      windows: 0,
    },
    ...{ template: "debian", role: "app", network: "none", accelerator: null },
    ...change,
  }) as VmStatus;

let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});

afterEach(() => {
  act(() => shell.overlays.close());
  act(() => root.unmount());
  document.body.replaceChildren();
  shell.wm.dispatch({ type: "vmGone", vm: WEB });
});

const presets = [
  ...["What it is for, and may reach", "Programs: the internet", "Work: only what a rule names", "Vault: nothing"],
];
const networks = ["None", "Behind the firewall", "Direct, without the firewall"];

async function show(of: VmStatus): Promise<string> {
  await act(async () => {
    root.render(
      <ShellContext value={shell}>
        <VmChip vm={of} />
      </ShellContext>,
    );
  });
  return document.querySelector(".chip-fact")?.textContent ?? expect.fail("no chip");
}

it("while its template is built its chip says how far that is, and then its state", async () => {
  const stopped = vm({ state: "stopped", template: "debian-web" });
  shell.templates.take({ name: "debian", step: "image", fraction: 0.9, detail: "" });
  expect(await show(stopped)).toBe("stopped");
  const progress = { name: "debian-web", step: "install", detail: "" } as const;
  act(() => shell.templates.take({ ...progress, fraction: null }));
  expect(await show(stopped)).toBe("building");
  act(() => shell.templates.take({ ...progress, fraction: 0.416 }));
  expect(await show(stopped)).toBe("building 42 %");
  // A build of another version of it is no news of a VM that runs.
  expect(await show(vm({ template: "debian-web" }))).toBe("ready");
  act(() => shell.templates.ended("debian-web"));
  expect(await show(stopped)).toBe("stopped");
});

/** The VM's menu, as texts of its entries, headings and rules, in their order. */
async function openMenu(of: VmStatus): Promise<string[]> {
  await act(async () => {
    root.render(
      <ShellContext value={shell}>
        <VmChip vm={of} />
      </ShellContext>,
    );
    shell.overlays.open({ kind: "vm-menu", vm: WEB });
  });
  const menu = document.querySelector(".menu") ?? expect.fail("no menu");
  return [...menu.querySelectorAll(".chip-state, .menu-title, .menu-text, .menu-more, .menu-rule")].map(
    (part) => part.textContent,
  );
}

function openWanting(count: number, title: (n: number) => string): void {
  for (let n = 1; n <= count; n += 1) {
    const id = `w.${n}` as WindowId;
    const guest = guestWindow(n, { kind: "x11", title: title(n) });
    shell.wm.dispatch({ type: "opened", id, vm: WEB, guest });
    shell.wm.dispatch({ type: "mapped", id, size: { width: 9, height: 9 }, takesFocus: false, remembered: null });
  }
}

it("a guest's windows are five at most, quoted under a heading, below all that the host has", async () => {
  openWanting(200, (n) => (n === 1 ? "Resume" : n === 2 ? "”  Kill…" : `t${n}`));
  expect(await openMenu(vm())).toEqual([
    ...["Programs", "Open a file here…", "Send files here…", "", "Pause", "Shut down", "Kill…"],
    ...["", ...presets, "", "Network, from its next start on", ...networks],
    ...["", "Windows of web that want to be looked at"],
    ...["“Resume”", "“'  Kill…”", "“t3”", "“t4”", "“t5”", "and 195 more, by Alt+Tab"],
  ]);
});

it("what a guest said before it panicked is quoted and said to be its own; the host's words are not", async () => {
  const panicked = vm({ state: "crashed", stateReason: "guest-panic", stateDetail: "All is well. “web” is paused" });
  expect(await openMenu(panicked)).toEqual([
    "Start",
    "",
    ...presets,
    "",
    "Network",
    ...networks,
    "",
    "web said last: “All is well. 'web' is paused”",
  ]);
  expect(document.querySelector("bdi")?.textContent).toBe("All is well. 'web' is paused");
  const full = vm({ state: "paused", stateReason: "no-space", stateDetail: "The host's disk is full." });
  expect(await openMenu(full)).toEqual([
    ...["The host's disk is full.", "Resume", "Shut down", "Kill…"],
    ...["", ...presets, "", "Network, from its next start on", ...networks],
  ]);
});

it("its network is chosen in its menu, which says why it waits; what is not defined by a file has no choice", async () => {
  const waiting = vm({ network: "firewall", networkDetail: "Its network waits for the firewall: it starts." });
  expect(await openMenu(waiting)).toEqual(
    expect.arrayContaining(["Its network waits for the firewall: it starts.", "Network", ...networks]),
  );
  const direct = [...document.querySelectorAll<HTMLElement>("[role=menuitemradio]")].at(-1);
  await act(async () => direct?.click());
  expect(sent).toEqual([["vm.set", { vm: WEB, network: "direct" }]]);
  act(() => shell.overlays.close());
  for (const change of [{ role: "disposable" }, { role: "service" }, { network: null }] as const)
    expect(await openMenu(vm(change))).not.toContain("Network");
});

it("what it is for is chosen in its menu, but of what others define", async () => {
  await openMenu(vm({ role: "work" }));
  const [app, work] = document.querySelectorAll<HTMLElement>("[role=menuitemradio]");
  expect([app, work].map((one) => one?.getAttribute("aria-checked"))).toEqual(["false", "true"]);
  await act(async () => app?.click());
  expect(asked).toEqual([["vm.set", { vm: WEB, role: "app" }]]);
  expect(shell.overlays.getState().overlay).toBeNull();
  for (const role of ["disposable", "service"] as const)
    expect(await openMenu(vm({ role }))).not.toContain("What it is for, and may reach");
});

it("a network that goes by no firewall is marked in the top bar", async () => {
  await openMenu(vm({ network: "direct" }));
  expect(document.querySelector(".chip")?.getAttribute("aria-label")).toBe("web, ready, direct network");
  expect(document.querySelector(".chip-direct")).not.toBeNull();
});
