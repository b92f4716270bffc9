/** Asks a guest to shut down. */
import { POWER, type PowerOrder } from "../../link/contracts/power.ts";
import { type ClientContext, serviceClient } from "../service-clients.ts";

class Power {
  readonly #context: ClientContext<PowerOrder>;

  constructor(context: ClientContext<PowerOrder>) {
    this.#context = context;
  }

  powerOff(): void {
    this.#context.sendIfLinked("powerOff");
  }

  happened(): void {}
}

export const power = serviceClient(POWER, (context) => new Power(context));
