// @vitest-environment happy-dom
import { act, Profiler } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { WindowId } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import type { Links } from "../control/links.ts";
import type { WindowCommands } from "../control/window-commands.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { GuestWindow } from "./GuestWindow.tsx";

/** Windows that were to be maximised, or no more. */
let toggled: WindowId[];
const shell = testShell({
  links: { find: () => undefined } as unknown as Links,
  commands: { toggleMaximize: (id: WindowId) => void toggled.push(id) } as unknown as WindowCommands,
});
const { dispatch } = shell.wm;
const takeVms = shell.vms.take;
const VM = "home" as VmId;
const ID = "w.1" as WindowId;
const vm = (change: Partial<VmStatus> = {}): VmStatus =>
  ({ id: VM, name: "home", label: "lagoon", state: "running", windows: 1, ...change }) as VmStatus;
const frame = (): HTMLElement => document.querySelector<HTMLElement>(".guest-window") ?? expect.fail("no window");

let root: Root;
let draws: number;

beforeEach(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  toggled = [];
  takeVms([vm()]);
  dispatch({
    type: "opened",
    id: ID,
    vm: VM,
    guest: guestWindow(1, { title: "Notes", appId: "mousepad" }),
  });
  dispatch({ type: "mapped", id: ID, size: { width: 300, height: 200 }, takesFocus: true, remembered: null });
  root = createRoot(document.body.appendChild(document.createElement("div")));
  draws = 0;
  act(() =>
    root.render(
      <Profiler id="window" onRender={() => (draws += 1)}>
        <ShellContext value={shell}>
          <GuestWindow id={ID} />
        </ShellContext>
      </Profiler>,
    ),
  );
});

afterEach(() => {
  act(() => root.unmount());
  document.body.replaceChildren();
  dispatch({ type: "vmGone", vm: VM });
});

it("a move, a resize and changes of its VM's other windows cause no React render", () => {
  const { transform } = frame().style;
  act(() => {
    for (let step = 1; step <= 9; step += 1) dispatch({ type: "moveTo", id: ID, x: 200 + step, y: 200 });
    dispatch({ type: "sized", id: ID, size: { width: 320, height: 210 }, isAnswer: true });
    takeVms([vm({ windows: 2 })]);
  });
  expect(frame().style.transform).not.toBe(transform);
  expect(draws).toBe(1);
});

it("its title, its focus and its VM's label are drawn as they change", () => {
  act(() => dispatch({ type: "guestChanged", id: ID, change: { title: "Letters" } }));
  act(() => takeVms([vm({ label: "coral" })]));
  act(() => dispatch({ type: "focus", id: null }));
  expect(frame().querySelector('[data-part="title"]')?.textContent).toBe("Letters");
  expect(frame().dataset["label"]).toBe("coral");
  expect(frame().dataset["focused"]).toBeUndefined();
});

it("a double click on a button of its title bar is none on the bar, whatever bar it has", () => {
  for (const clientDecorated of [true, false]) {
    act(() => dispatch({ type: "guestChanged", id: ID, change: { clientDecorated } }));
    for (const button of frame().querySelectorAll(".window-buttons button"))
      act(() => void button.dispatchEvent(new MouseEvent("dblclick", { bubbles: true })));
  }
  expect(toggled).toEqual([]);
  act(
    () =>
      void frame()
        .querySelector(".title-bar")
        ?.dispatchEvent(new MouseEvent("dblclick", { bubbles: true })),
  );
  expect(toggled).toEqual([ID]);
});

it("a VM that is paused says so", () => {
  expect(frame().querySelector(".paused-mark")).toBeNull();
  act(() => takeVms([vm({ state: "paused" })]));
  expect(frame().querySelector(".paused-mark")?.textContent).toBe("Paused");
});

it("one that is wider than the screen has its tag and buttons in the part that is seen", () => {
  const bar = (): string[] => ["--bar-left", "--bar-right"].map((name) => frame().style.getPropertyValue(name));
  expect(bar()).toEqual(["0px", "0px"]);
  const { workArea } = shell.wm.getState();
  dispatch({ type: "sized", id: ID, size: { width: workArea.width + 500, height: 200 }, isAnswer: true });
  expect(bar()).toEqual(["0px", "502px"]);
  dispatch({ type: "moveTo", id: ID, x: -199, y: 200 });
  expect(bar()).toEqual(["200px", "302px"]);
});

it("a window that is frozen can be put on its own place again and closed, and has no handles", () => {
  const buttons = (): (string | null)[] =>
    [...frame().querySelectorAll(".window-buttons button")].map((button) => button.getAttribute("aria-label"));
  act(() => {
    dispatch({ type: "place", id: ID, placement: "userFullscreen" });
    dispatch({ type: "arrived", id: ID });
  });
  act(() => dispatch({ type: "freeze", vm: VM, frozen: { reason: "agent-lost", detail: "" } }));
  expect(buttons()).toEqual(["Minimise", "Restore", "Close"]);
  act(() => dispatch({ type: "restore", id: ID }));
  expect(buttons()).toEqual(["Minimise", "Maximise", "Close"]);
  expect(frame().querySelectorAll(".resize-handle")).toHaveLength(0);
});
