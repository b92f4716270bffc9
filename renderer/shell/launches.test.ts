import { beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { VmId } from "#shared/model/vm.ts";
import { type SurfaceId, windowIdOf } from "#shared/model/window.ts";
import { guestWindow } from "#shared/testing/guest-window.ts";
import { NoticeQueue } from "../ui/notices.ts";
import { createWmStore, type WmStore } from "../wm/model/store.ts";
import { createLaunchStore, type LaunchStore } from "./launches.ts";

const HOME = "0a1b2c3d-0000-4000-8000-000000000000" as VmId;
const WEB = "ffffffff-0000-4000-8000-000000000000" as VmId;
const app = (name: string): { id: string; name: string } => ({ id: name, name });

let wm: WmStore;
let launches: LaunchStore;
/** main's answers to `app.run`, in the order of the requests. */
let answers: ((answer: unknown) => void)[];

beforeEach(() => {
  wm = createWmStore();
  answers = [];
  const request = (): Promise<unknown> => new Promise((resolve) => answers.push(resolve));
  launches = createLaunchStore({ request } as unknown as AtollBridge, wm, new NoticeQueue());
});

const opening = (): string[] => launches.getState().launches.map(({ name }) => name);

/** A window with its first frame. */
function show(surface: number, vm: VmId, launch: number | null): void {
  const id = windowIdOf(vm, surface as SurfaceId);
  wm.dispatch({ type: "opened", id, vm, guest: guestWindow(surface, { launch }) });
  wm.dispatch({ type: "mapped", id, size: { width: 9, height: 9 }, takesFocus: false, remembered: null });
}

async function launch(vm: VmId, name: string, number: number): Promise<void> {
  const launched = launches.launch(vm, app(name));
  answers.at(-1)?.({ ok: true, value: { pid: 1, launch: number } });
  await launched;
}

it("a program is opening until the window of its own launch is there", async () => {
  await launch(HOME, "Foot", 1);
  await launch(HOME, "Calc", 2);
  show(1, HOME, 2);
  expect(opening()).toEqual(["Foot"]);
  show(2, WEB, 1);
  expect(opening()).toEqual(["Foot"]);
  show(3, HOME, 1);
  expect(opening()).toEqual([]);
});

it("a window that is faster than main's answer counts", async () => {
  const launched = launches.launch(HOME, app("Foot"));
  show(1, HOME, 7);
  expect(opening()).toEqual(["Foot"]);
  answers[0]?.({ ok: true, value: { pid: 1, launch: 7 } });
  await launched;
  expect(opening()).toEqual([]);
});

it("a window without a launch is taken for the program of its VM that has been waited for longest", async () => {
  await launch(HOME, "Foot", 1);
  await launch(HOME, "Calc", 2);
  show(1, HOME, null);
  expect(opening()).toEqual(["Calc"]);
});

it("what was launched last comes first among the recent ones, each once", async () => {
  await launch(HOME, "Foot", 1);
  await launch(WEB, "Foot", 2);
  await launch(HOME, "Foot", 3);
  expect(launches.getState().recent).toEqual([
    { vm: HOME, appId: "Foot" },
    { vm: WEB, appId: "Foot" },
  ]);
});

it("a program that cannot be launched is not opening", async () => {
  const launched = launches.launch(HOME, app("Foot"));
  expect(opening()).toEqual(["Foot"]);
  answers[0]?.({ ok: false, error: { code: "app.not-found", message: "no", details: {} } });
  await launched;
  expect(opening()).toEqual([]);
});
