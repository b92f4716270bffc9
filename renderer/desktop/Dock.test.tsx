// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import { type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { Dock } from "./Dock.tsx";

const WEB = "web" as VmId;
const request = vi.fn<(name: string, input: object) => Promise<unknown>>(() => new Promise(() => undefined));
const shell = testShell({ bridge: { request } as unknown as AtollBridge });
let root: Root;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  shell.vms.take([{ id: WEB, name: "web", label: "coral", state: "running" } as VmStatus]);
  root = createRoot(document.body.appendChild(document.createElement("div")));
});

afterEach(() => {
  act(() => shell.overlays.close());
  act(() => root.unmount());
  document.body.replaceChildren();
  shell.wm.dispatch({ type: "vmGone", vm: WEB });
});

it("the menu of a VM's windows names five, quoted, and says how many more there are", async () => {
  for (let n = 1; n <= 200; n += 1) {
    const id = `w.${n}` as WindowId;
    shell.wm.dispatch({ type: "opened", id, vm: WEB, guest: guestWindow(n, { title: `t${n}`, appId: "foot" }) });
    shell.wm.dispatch({ type: "mapped", id, size: { width: 9, height: 9 }, takesFocus: false, remembered: null });
  }
  shell.wm.dispatch({ type: "workAreaChanged", workArea: { x: 0, y: 34, width: 1440, height: 866 } });
  await act(async () =>
    root.render(
      <ShellContext value={shell}>
        <Dock />
      </ShellContext>,
    ),
  );
  await act(async () => shell.overlays.open({ kind: "dock-menu", first: "w.1" as WindowId }));
  const menu = document.querySelector(".menu") ?? expect.unreachable("no menu");
  expect([...menu.querySelectorAll(".menu-title, .menu-text, .menu-more")].map((part) => part.textContent)).toEqual([
    "Windows of web",
    ...["“t1”", "“t2”", "“t3”", "“t4”", "“t5”", "and 195 more, by Alt+Tab"],
  ]);
});

it("the menu of a group is closed with the window that the group began with", async () => {
  const size = { width: 9, height: 9 };
  for (const n of [1, 2]) {
    const id = `w.${n}` as WindowId;
    shell.wm.dispatch({ type: "opened", id, vm: WEB, guest: guestWindow(n, { title: `t${n}`, appId: "foot" }) });
    shell.wm.dispatch({ type: "mapped", id, size, takesFocus: false, remembered: null });
  }
  await act(async () =>
    root.render(
      <ShellContext value={shell}>
        <Dock />
      </ShellContext>,
    ),
  );
  await act(async () => shell.overlays.open({ kind: "dock-menu", first: "w.1" as WindowId }));
  expect(document.querySelector(".menu")).not.toBeNull();
  await act(async () => shell.wm.dispatch({ type: "closed", id: "w.1" as WindowId }));
  expect([document.querySelector(".menu"), shell.overlays.getState().overlay]).toEqual([null, null]);
});

it("a kiosk is there whatever VM runs, says how far it is, and is asked for once while it opens", async () => {
  const player: KioskView = {
    ...{ name: "player", title: "Media player", kind: "video", template: "debian-kiosk", network: "none" },
    ...{ note: "No sound yet", state: "starting", detail: "", memoryMiB: 768 },
  };
  shell.vms.take([]);
  shell.kiosks.take([player, { ...player, name: VIEWERS }]);
  await act(async () =>
    root.render(
      <ShellContext value={shell}>
        <Dock />
      </ShellContext>,
    ),
  );
  const entry = document.querySelector<HTMLElement>('[data-kiosk="player"]') ?? expect.unreachable("no kiosk");
  expect(document.querySelectorAll("[data-kiosk]")).toHaveLength(1);
  const name = (): string | null => entry.getAttribute("aria-label");
  expect(name()).toBe("Media player in a disposable, is getting ready. No sound yet");
  act(() => shell.kiosks.take([{ ...player, state: "ready" }]));
  expect(name()).toBe("Media player in a disposable, ready. No sound yet");
  act(() => entry.click());
  act(() => entry.click());
  expect(name()).toBe("Media player in a disposable, is opening. No sound yet");
  expect(request.mock.calls).toEqual([["kiosk.start", { kiosk: "player" }]]);
  act(() => shell.kiosks.take([]));
});
