/** Keeps the guest's clock right. */
import { CLOCK, type ClockOrder } from "../../link/contracts/clock.ts";
import { type ClientContext, serviceClient } from "../service-clients.ts";

class Clock {
  readonly #context: ClientContext<ClockOrder>;

  constructor(context: ClientContext<ClockOrder>) {
    this.#context = context;
  }

  /** The guest's clock stands still while the VM is paused. */
  setPaused(isPaused: boolean): void {
    this.#context.sendIfLinked({ isPaused });
  }

  happened(): void {}
}

export const clock = serviceClient(CLOCK, (context) => new Clock(context));
