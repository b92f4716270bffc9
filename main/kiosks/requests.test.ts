import { beforeEach, expect, it, vi } from "vitest";
import { kioskContract } from "#shared/ipc/kiosk.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { VmId } from "#shared/model/vm.ts";
import { type SurfaceId, windowIdOf } from "#shared/model/window.ts";
import { Emitter } from "../base/emitter.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, CheckedPage, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import type { Kiosks } from "./kiosks.ts";
import { kioskHandlers, sendKioskEvents } from "./requests.ts";

const READY: KioskView = {
  ...{ name: "player", title: "Player", kind: "video", template: "debian", network: "none", note: "" },
  ...{ state: "ready", detail: "", memoryMiB: 512 },
};
const windowId = windowIdOf("22222222-2222-4222-8222-222222222222" as VmId, 3 as SurfaceId);
let views: KioskView[] | AppError;
const start = vi.fn<Kiosks["start"]>();

class ScriptedKiosks extends Emitter<{ changed: [] }> {
  views(): Promise<KioskView[]> {
    return views instanceof AppError ? Promise.reject(views) : Promise.resolve(views);
  }
  start = start;
}

const kiosks = new ScriptedKiosks() as unknown as Kiosks;
const dispatcher = Dispatcher.of(
  { kiosk: kioskContract },
  { kiosk: kioskHandlers({ kiosks }) },
  { checksOutputs: true },
);

beforeEach(() => {
  views = [READY];
  start.mockReset();
});

it("those that there are are listed for both", async () => {
  for (const caller of [PAGE_CALLER, cliCaller()])
    expect(await called(dispatcher, caller, "kiosk.list", {})).toEqual([READY]);
});

it("one that is started is answered with its VM and window; a command that goes gives it up, a page does not", async () => {
  start.mockResolvedValue({ name: "player-1", windowId, ms: 70, origin: "ready" } as never);
  const answer = { vm: "player-1", windowId, ms: 70, origin: "ready" };
  let hangUp = (): void => undefined;
  const caller = cliCaller({ notify: () => undefined, onClose: (listener) => void (hangUp = listener) });
  expect(await called(dispatcher, caller, "kiosk.start", { kiosk: "player", args: ["/a"] })).toEqual(answer);
  expect(await called(dispatcher, PAGE_CALLER, "kiosk.start", { kiosk: "player" })).toEqual(answer);
  const [[kiosk, args, byCommand], [, none, byPage]] = start.mock.calls as never as [
    [string, string[], { signal: AbortSignal }],
    [string, string[], { signal?: AbortSignal }],
  ];
  expect([kiosk, args, none, byPage.signal]).toEqual(["player", ["/a"], [], undefined]);
  expect(byCommand.signal.aborted).toBe(false);
  hangUp();
  expect(byCommand.signal.aborted).toBe(true);
});

it("the page hears of them when it comes and at each change, and of nothing where they cannot be read", async () => {
  const page = new CheckedPage();
  sendKioskEvents({ kiosks, page });
  const told = { name: "kiosk.changed", payload: { kiosks: [READY] } };
  kiosks.emit("changed");
  await expect.poll(() => page.events).toEqual([told]);
  page.come();
  await expect.poll(() => page.events).toEqual([told, told]);
  views = new AppError("template.bad-recipe", "A recipe is broken.");
  kiosks.emit("changed");
  await called(dispatcher, PAGE_CALLER, "kiosk.list", {}).catch(() => undefined);
  expect(page.events).toHaveLength(2);
});
