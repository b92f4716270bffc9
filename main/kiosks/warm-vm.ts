/**
 * A VM that has booted for one kiosk, has started its program, and waits, paused, until it is asked for; or one whose viewers have
 * run, and which waits for a file. No list has it, no page shows its windows, and it has no link to any network.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { Kiosk } from "#shared/model/kiosk.ts";
import type { SurfaceId, WindowId } from "#shared/model/window.ts";
import { parseWindowId } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import { deadline } from "../base/deadline.ts";
import { log } from "../base/log.ts";
import { waitFor } from "../base/waiting.ts";
import type { Leftovers } from "../disposables/leftovers.ts";
import type { Drivers } from "../hardware/drivers.ts";
import type { VmDefinition } from "../vms/definition.ts";
import { runInGuest } from "../vms/guest-command.ts";
import { FIRST_WINDOW_MS, launch, waitForWindow } from "../vms/launcher.ts";
import { framesAhead } from "../vms/services/frames-ahead.ts";
import { launches } from "../vms/services/launches.ts";
import type { Vm } from "../vms/vm.ts";
import { isForFiles, openingArgv } from "./catalogue.ts";
import { MAX_STAT_BYTES, type ProcessorTimes, processorTimes, wereIdle } from "./processor-times.ts";
import { runViewers } from "./viewers.ts";

/** How long its agent may take to say hello, and then its program for its first window, ms: nobody waits for it. */
const AGENT_MS = 300_000;
const WINDOW_MS = 600_000;
/** How long nothing may have been drawn for a program to have come up, ms; of one that never stops this is not asked for longer. */
const STILL_MS = 2_000;
const LONGEST_STILL_MS = 30_000;
/**
 * Its guest must have had next to nothing to do in that time as well: a browser that has drawn its window on an emulated processor
 * is busy for minutes, and answers nobody meanwhile. One that is never idle is paused after so long, ms: it may be meant so.
 */
const LONGEST_CALM_MS = 300_000;
/** For what a guest says of its processors, ms: it may be as busy as they are. */
const STAT_MS = 30_000;

export interface WarmVmParts {
  application: Pick<Application, "apart">;
  leftovers: Pick<Leftovers, "note" | "forget">;
  drivers: Drivers;
}

export class WarmVm {
  readonly vm: Vm;
  readonly #parts: WarmVmParts;
  readonly #kiosk: Kiosk;
  #pid = 0;
  /** Number of the launch that its window names. */
  #launch = 0;
  #window: WindowId | null = null;

  private constructor(parts: WarmVmParts, kiosk: Kiosk, definition: VmDefinition) {
    this.#parts = parts;
    this.#kiosk = kiosk;
    this.vm = parts.application.apart(definition);
  }

  /** Resolves when it waits. Whatever fails, or is aborted, leaves nothing behind. */
  static async make(parts: WarmVmParts, kiosk: Kiosk, definition: VmDefinition, signal: AbortSignal): Promise<WarmVm> {
    await parts.leftovers.note(definition);
    const warm = new WarmVm(parts, kiosk, definition);
    const kill = (): void => void warm.#kill().catch(() => undefined);
    signal.addEventListener("abort", kill);
    try {
      signal.throwIfAborted();
      await warm.#bringUp(signal);
      return warm;
    } catch (error) {
      await warm.discard();
      throw error;
    } finally {
      signal.removeEventListener("abort", kill);
    }
  }

  async #bringUp(signal: AbortSignal): Promise<void> {
    const { vm } = this;
    const { name } = vm.definition;
    await vm.start();
    const sentence = `"${name}" has not come up within ${AGENT_MS / 1000} s.`;
    const limit = deadline(AGENT_MS, () => new AppError("vm.timeout", sentence, { vm: name }), signal);
    try {
      await vm.running(limit.signal);
    } finally {
      limit.end();
    }
    vm.service(framesAhead).begin();
    if (isForFiles(this.#kiosk)) await runViewers(vm, () => this.calm(signal), signal);
    else await this.#startProgram(signal);
    await vm.pause();
    signal.throwIfAborted();
  }

  async #startProgram(signal: AbortSignal): Promise<void> {
    const { vm } = this;
    const { found } = waitForWindow(vm, WINDOW_MS);
    const { pid, request } = await launch(vm, { argv: this.#kiosk.program });
    [this.#pid, this.#launch] = [pid, request];
    this.#window = await found(request);
    await this.calm(signal);
  }

  /** It goes on. What is to be opened is opened first, unseen, where that needs another window. @returns its window */
  async goOn(args: readonly string[]): Promise<WindowId> {
    const { vm } = this;
    await vm.resume();
    // It was launched long ago, and is wanted now.
    vm.service(launches).askedNow(this.#launch);
    if (args.length > 0) {
      const { found } = waitForWindow(vm, FIRST_WINDOW_MS);
      const { request } = await launch(vm, { argv: openingArgv(this.#kiosk, this.#pid, args) });
      if (!this.#kiosk.handsOver) this.#window = await found(request);
    }
    const surface = this.#window === null ? null : surfaceOf(this.#window);
    if (this.#window === null || surface === null || vm.windows.get(surface) === undefined)
      throw new AppError("app.no-window", `The program of "${vm.definition.name}" has closed its window.`, {
        vm: vm.definition.name,
      });
    return this.#window;
  }

  /** Resolves when nothing is drawn that nobody sees, and the guest has nothing to do. @throws AppError vm.not-running, exec.lost */
  async calm(signal: AbortSignal): Promise<void> {
    const begunAt = performance.now();
    let before = await this.#processorTimes();
    while (performance.now() - begunAt < LONGEST_CALM_MS) {
      await this.#still(signal);
      const now = await this.#processorTimes();
      if (wereIdle(before, now)) return;
      before = now;
    }
    log(`kiosk "${this.#kiosk.name}": its VM is not idle after ${LONGEST_CALM_MS / 1000} s`);
  }

  /** Ends it, and removes all of it. */
  async discard(): Promise<void> {
    const { definition } = this.vm;
    await this.#kill();
    this.vm.release();
    await this.#parts.drivers.named(definition.driver).remove(definition);
    await this.#parts.leftovers.forget(definition.id);
  }

  async #kill(): Promise<void> {
    if (this.vm.isOn) await this.vm.kill();
  }

  /** null: the guest does not say, or not in time. @throws AppError vm.not-running, exec.lost */
  async #processorTimes(): Promise<ProcessorTimes | null> {
    try {
      const limits = { maxBytes: MAX_STAT_BYTES, timeoutMs: STAT_MS };
      const { how, untrustedOutput } = await runInGuest(this.vm, ["cat", "/proc/stat"], limits);
      return how === "done" ? processorTimes(untrustedOutput) : null;
    } catch (error) {
      if (error instanceof AppError && error.code === "exec.failed") return null;
      throw error;
    }
  }

  #still(signal: AbortSignal): Promise<void> {
    return waitFor({
      listen: ({ resolve }) => {
        let timer = setTimeout(resolve, STILL_MS);
        const stop = this.vm.service(framesAhead).on("drew", () => {
          clearTimeout(timer);
          timer = setTimeout(resolve, STILL_MS);
        });
        return () => {
          clearTimeout(timer);
          stop();
        };
      },
      timeoutMs: LONGEST_STILL_MS,
      onTimeout: ({ resolve }) => resolve(),
      signal,
    });
  }
}

/** Resolves when the page shows the window; without a page, when it is drawn. Rejects where its VM is lost, or after `timeoutMs`. */
export async function shown(vm: Vm, window: WindowId, timeoutMs: number): Promise<void> {
  const { name } = vm.definition;
  const surface = surfaceOf(window);
  const state = surface === null ? "closed" : await vm.windows.whenThere(surface, timeoutMs);
  if (state === "there") return;
  if (state === "lost")
    throw new AppError("vm.not-running", `"${name}" was lost before its window was shown.`, { vm: name });
  throw new AppError("app.no-window", `The window of "${name}" is not shown.`, { vm: name });
}

function surfaceOf(window: WindowId): SurfaceId | null {
  return parseWindowId(window)?.surface ?? null;
}
