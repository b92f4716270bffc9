// @vitest-environment happy-dom
import { act } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { ShellContext } from "../shell/shell.ts";
import { testShell } from "../shell/testing.ts";
import { Dock } from "./Dock.tsx";

const WEB = "web" as VmId;
const shell = testShell({});
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
