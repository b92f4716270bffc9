import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import type { Settings, SettingsFile } from "../settings/settings.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { Quitting } from "./quitting.ts";

const VM = "00000000-0000-4000-8000-000000000000" as VmId;

function parts(running: readonly VmId[] = [VM], onQuit: Settings["onQuit"] = "ask") {
  const stopped = deferred<string[]>();
  const stopAll = vi.fn<() => Promise<string[]>>(() => stopped.promise);
  const end = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const exit = vi.fn<(again: boolean) => void>();
  const remember = vi.fn<(name: string, value: unknown) => Promise<void>>(() => Promise.resolve());
  const page = new CheckedPage();
  const settings = { load: () => Promise.resolve(), current: { onQuit }, remember } as unknown as SettingsFile;
  const application = { stopAll, lastingVms: running.map((id) => ({ id })) };
  const quitting = new Quitting({ application, settings, page, end, exit });
  return { stopped, stopAll, end, exit, remember, page, quitting };
}

it("whoever wants the VMs to stop while they stop waits for the same", async () => {
  const { stopped, stopAll, end, quitting } = parts();
  const names = quitting.stopVms();
  const quit = quitting.quit("stop");
  stopped.resolve(["web"]);
  expect(await names).toEqual(["web"]);
  await quit;
  expect(stopAll).toHaveBeenCalledOnce();
  expect(end).toHaveBeenCalledOnce();
});

it("a word to keep them ends at once, while they stop", async () => {
  const { stopped, end, quitting } = parts();
  const quit = quitting.quit("stop");
  await quitting.quit("keep");
  expect(end).toHaveBeenCalledOnce();
  stopped.resolve([]);
  await quit;
  expect(end).toHaveBeenCalledOnce();
});

it("the process ends when all was let go of, also where something could not be", async () => {
  const { end, exit, quitting } = parts();
  const done = deferred<void>();
  end.mockReturnValue(done.promise);
  const quit = quitting.quit("keep");
  expect(exit).not.toHaveBeenCalled();
  done.reject(new Error("a machine does not end"));
  await quit;
  expect(exit).toHaveBeenCalledExactlyOnceWith(false);
});

it("another one starts in its place where that is wanted", async () => {
  const { exit, quitting } = parts();
  await quitting.quit("keep", true);
  expect(exit).toHaveBeenCalledExactlyOnceWith(true);
});

describe("a person who closes the desktop's window", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Until the page has been asked for the `count`th time; then it shows the prompt. */
  async function isAsked({ page }: ReturnType<typeof parts>, count = 1): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
    expect(page.asked).toHaveLength(count);
    page.shown(count);
  }

  it("is asked, for as long as they like, and their choice counts", async () => {
    const all = parts();
    const closing = all.quitting.closing();
    await isAsked(all);
    expect(all.page.asked).toEqual([{ id: 1, name: "quit", payload: { vms: [VM] } }]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(all.end).not.toHaveBeenCalled();
    all.page.answered(1, { vms: "stop", remember: true });
    all.stopped.resolve([]);
    await closing;
    expect(all.remember).toHaveBeenCalledWith("onQuit", "stop");
    expect(all.end).toHaveBeenCalledOnce();
  });

  it("can let it be", async () => {
    const all = parts();
    const closing = all.quitting.closing();
    await isAsked(all);
    all.page.answered(1, null);
    await closing;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(all.end).not.toHaveBeenCalled();
    expect(all.remember).not.toHaveBeenCalled();
  });

  it.each([
    ["nothing runs", parts([])],
    ["it was remembered", parts([VM], "keep")],
  ])("is not asked when %s", async (_why, { quitting, page, end, stopAll }) => {
    await quitting.closing();
    expect(page.asked).toEqual([]);
    expect(end).toHaveBeenCalledOnce();
    expect(stopAll).not.toHaveBeenCalled();
  });

  it.each([
    ["hangs", (_page: CheckedPage) => undefined],
    ["is not there", (page: CheckedPage) => page.gone()],
  ])("is not kept by a page that %s: VMs go on", async (_why, happens) => {
    const all = parts();
    happens(all.page);
    void all.quitting.closing();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.end).toHaveBeenCalledOnce();
    expect(all.stopAll).not.toHaveBeenCalled();
  });

  it("is asked again by the page that comes after a reload", async () => {
    const all = parts();
    const closing = all.quitting.closing();
    await isAsked(all);
    all.page.gone();
    await vi.advanceTimersByTimeAsync(30_000);
    expect(all.end).not.toHaveBeenCalled();
    all.page.come();
    await isAsked(all, 2);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(all.end).not.toHaveBeenCalled();
    all.page.answered(2, { vms: "keep", remember: false });
    await closing;
    expect(all.end).toHaveBeenCalledOnce();
  });

  it("a second time is asked anew, so that a page that has hung since does not keep them", async () => {
    const all = parts();
    void all.quitting.closing();
    await isAsked(all);
    const again = all.quitting.closing();
    await isAsked(all, 2);
    expect(all.page.cancelled).toEqual([1]);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(all.end).not.toHaveBeenCalled();
    void all.quitting.closing();
    await again;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(all.end).toHaveBeenCalledOnce();
  });
});

describe("while VMs shut down", () => {
  it.each([
    ["a person", (all: ReturnType<typeof parts>) => all.quitting.quit("stop")],
    ["the command", (all: ReturnType<typeof parts>) => all.quitting.stopVms()],
  ])("the person at the desktop need not wait, whoever has asked for it: %s", async (_who, stop) => {
    const all = parts();
    void stop(all);
    expect(all.page.asked).toEqual([{ id: 1, name: "quitting", payload: { vms: [VM] } }]);
    all.page.answered(1, "quit-now");
    await vi.waitFor(() => expect(all.end).toHaveBeenCalledOnce());
  });

  it("a page that was reloaded shows the prompt again, and loses it when they are off", async () => {
    const all = parts();
    const stopping = all.quitting.stopVms();
    all.page.gone();
    all.page.come();
    await vi.waitFor(() => expect(all.page.asked.map(({ name }) => name)).toEqual(["quitting", "quitting"]));
    all.stopped.resolve([]);
    await stopping;
    expect(all.page.cancelled).toEqual([2]);
    expect(all.end).not.toHaveBeenCalled();
  });

  it("nobody is asked when none runs", () => {
    const all = parts([]);
    void all.quitting.stopVms();
    expect(all.page.asked).toEqual([]);
  });
});
