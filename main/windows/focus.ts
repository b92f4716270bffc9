/**
 * Which window has the keyboard, since when, and why: "where the person is", for whatever main decides by that. The page says
 * so at each change, before a key reaches the window.
 */
import type { ReportedFocus } from "#shared/ipc/layout.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { FocusCause, WindowId } from "#shared/model/window.ts";
import { Emitter } from "../base/emitter.ts";

export interface Focus {
  window: WindowId;
  vm: VmId;
  cause: FocusCause;
  /** When main heard of it, performance.now(). */
  sinceMs: number;
}

export class FocusTracker extends Emitter<{ changed: [Focus | null] }> {
  readonly #nowMs: () => number;
  #current: Focus | null = null;

  constructor(nowMs: () => number = () => performance.now()) {
    super();
    this.#nowMs = nowMs;
  }

  /** null: no window has the keyboard, or there is no page that could say so. */
  get current(): Focus | null {
    return this.#current;
  }

  /** What the page says; null also when another page has come. */
  reported(focus: ReportedFocus): void {
    const before = this.#current;
    if (before?.window === focus?.window && before?.cause === focus?.cause) return;
    this.#current = focus === null ? null : { ...focus, sinceMs: this.#nowMs() };
    this.emit("changed", this.#current);
  }
}
