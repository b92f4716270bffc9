import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { WmCommand } from "#shared/ipc/window.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId, WindowId } from "#shared/model/window.ts";
import type { ConfigureRequest } from "../model/configure-request.ts";
import { contentOf } from "../model/state.ts";
import { createWmStore, type WmStore } from "../model/store.ts";
import { CommandServer } from "./command-server.ts";
import { Configurer } from "./configurer.ts";

const ID = "w.1" as WindowId;
const guest: GuestWindow = {
  surface: 1 as SurfaceId,
  kind: "wayland",
  pid: null,
  launch: null,
  title: "",
  appId: "",
  parent: null,
  modal: false,
  hints: { minWidth: null, minHeight: null, maxWidth: null, maxHeight: null },
  clientDecorated: false,
};
const request = (width: number, height: number): ConfigureRequest => ({
  width,
  height,
  states: 0,
  boundsWidth: 1440,
  boundsHeight: 866,
  x: 0,
  y: 0,
});

let wm: WmStore;
let configurer: Configurer;
let run: (command: WmCommand) => void;
let answers: { answer: unknown; x: number }[];

beforeEach(() => {
  vi.useFakeTimers();
  wm = createWmStore();
  wm.dispatch({ type: "workAreaChanged", workArea: { x: 0, y: 34, width: 1440, height: 866 } });
  wm.dispatch({ type: "opened", id: ID, vm: "home" as VmId, guest });
  wm.dispatch({ type: "mapped", id: ID, size: { width: 600, height: 400 }, takesFocus: true, remembered: null });
  wm.dispatch({ type: "moveTo", id: ID, x: 300, y: 200 });
  configurer = new Configurer(() => undefined);
  configurer.request(request(600, 400));
  configurer.answered(1, { width: 600, height: 400 });
  answers = [];
  const bridge = {
    on: (_channel: string, listener: (told: { id: number; command: WmCommand }) => void) => {
      run = (command) => listener({ id: 1, command });
    },
    report: (_channel: string, { answer }: { answer: unknown }) => {
      const { windows, workArea } = wm.getState();
      const window = windows[ID];
      answers.push({ answer, x: window === undefined ? -1 : contentOf(window, workArea).x });
    },
  };
  new CommandServer(
    bridge as unknown as AtollBridge,
    {
      wm,
      links: { find: () => ({ session: { configurerOf: () => configurer }, surface: { id: 1 } }) },
      layout: { flush: () => undefined },
      // What it asks the window for, Effects asks its program for.
      commands: {
        maximize: (id: WindowId) => {
          wm.dispatch({ type: "place", id, placement: "maximized" });
          configurer.request(request(1438, 829));
        },
      },
    } as unknown as ConstructorParameters<typeof CommandServer>[1],
  );
});
afterEach(() => void vi.useRealTimers());

const passed = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it("a command is answered once the program has drawn", async () => {
  run({ type: "maximize", window: ID });
  await passed(500);
  expect(answers).toEqual([]);
  const size = { width: 1438, height: 829 };
  wm.dispatch({ type: "sized", id: ID, size, isAnswer: configurer.answered(2, size) });
  await passed(0);
  expect(answers).toEqual([{ answer: { ok: true, value: null }, x: 1 }]);
});

it("where the program takes too long, it is answered with the window where it is to be, not where it was", async () => {
  run({ type: "maximize", window: ID });
  await passed(1_000);
  expect(answers).toEqual([]);
  wm.dispatch({ type: "arrived", id: ID });
  await passed(0);
  expect(answers).toEqual([{ answer: { ok: true, value: null }, x: 1 }]);
});

it("a window that has gone meanwhile is waited for no longer than its program may take", async () => {
  run({ type: "maximize", window: ID });
  wm.dispatch({ type: "closed", id: ID });
  await passed(1_000);
  expect(answers).toEqual([{ answer: { ok: true, value: null }, x: -1 }]);
});
