/**
 * A person may deny what a program of a guest asks for by itself, and the program may ask again at once, for ever. From the third
 * denial on, that VM's next requests of the kind are denied without a prompt for a while, each time for longer: no program keeps
 * the keyboard by asking.
 */
import type { PolicyAction } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";

/** So many may be mistakes of the person's, who tries another way at once. */
const WITHOUT_PAUSE = 2;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** So long after the end of the last pause, or after the last denial, they are counted anew. */
const FORGOTTEN_MS = 10 * 60_000;

interface Denied {
  times: number;
  /** When it may ask again. */
  againMs: number;
}

export class AfterDenial {
  readonly #elapsed: () => number;
  readonly #denied = new Map<string, Denied>();

  /** @param elapsed milliseconds that only run on */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  /** A person has denied it. */
  denied(vm: VmId, action: PolicyAction): void {
    const now = this.#elapsed();
    for (const [key, { againMs }] of this.#denied) if (now - againMs >= FORGOTTEN_MS) this.#denied.delete(key);
    const key = keyOf(vm, action);
    const times = (this.#denied.get(key)?.times ?? 0) + 1;
    const pauses = times - WITHOUT_PAUSE;
    const pauseMs = pauses <= 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (pauses - 1));
    this.#denied.set(key, { times, againMs: now + pauseMs });
  }

  /** A person has allowed it. */
  allowed(vm: VmId, action: PolicyAction): void {
    this.#denied.delete(keyOf(vm, action));
  }

  /** Until a person is asked about it again, whole seconds; 0: now. */
  secondsLeft(vm: VmId, action: PolicyAction): number {
    const againMs = this.#denied.get(keyOf(vm, action))?.againMs ?? -Infinity;
    return Math.max(0, Math.ceil((againMs - this.#elapsed()) / 1000));
  }
}

function keyOf(vm: VmId, action: PolicyAction): string {
  return `${vm} ${action}`;
}
