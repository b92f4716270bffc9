/** Passes a change of the host's keyboard layout on to the guest. */
import type { Keymap } from "../../link/contract.ts";
import { KEYMAP } from "../../link/contracts/keymap.ts";
import { type ClientContext, serviceClient } from "../service-clients.ts";

class GuestKeymap {
  readonly #context: ClientContext<Keymap>;

  constructor(context: ClientContext<Keymap>) {
    this.#context = context;
  }

  change(keymap: Keymap): void {
    this.#context.sendIfLinked(keymap);
  }

  happened(): void {}
}

export const guestKeymap = serviceClient(KEYMAP, (context) => new GuestKeymap(context));
