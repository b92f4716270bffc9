/**
 * Follows the host's clipboard: what was copied there since Atoll was left is the newest clip when the person comes back. A copy
 * of the same types as the one before cannot be told from it without reading it, which is not done: then the person says so
 * ("Paste from host").
 */
import type { ClipType } from "#shared/model/clip.ts";
import { HOST } from "../policy/crossing.ts";
import type { ClipBroker } from "./broker.ts";
import type { HostClipboard, HostClipState } from "./host-clip.ts";
import type { ClipSource } from "./reading.ts";

type Host = Pick<HostClipboard, "look" | "read" | "onFocus">;

export class HostWatch {
  readonly #host: Host;
  readonly #broker: ClipBroker;
  #stamp: string | null = null;
  /** Looks follow each other: an older one never counts after a newer one. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(host: Host, broker: ClipBroker) {
    this.#host = host;
    this.#broker = broker;
    host.onFocus(() => void this.#look((state, before) => this.#focused(state, before)));
  }

  /** What the host holds now is what Atoll has written: nobody has copied it there. */
  written(): Promise<void> {
    return this.#look(() => undefined);
  }

  /** The person wants what the host holds, whatever is newer. Resolves with false where that is nothing. */
  async wanted(): Promise<boolean> {
    let isThere = false;
    await this.#look((state) => {
      isThere = state.types.length > 0;
      if (isThere) this.#take(state);
    });
    return isThere;
  }

  #look(then: (state: HostClipState, before: string | null) => void): Promise<void> {
    const looked = this.#looking.then(async () => {
      const state = await this.#host.look();
      const before = this.#stamp;
      this.#stamp = state.stamp;
      then(state, before);
    });
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  #focused(state: HostClipState, before: string | null): void {
    if (state.stamp === before) return;
    // At the first look nobody knows how old it is.
    if (before === null && this.#broker.current !== null) return;
    if (state.types.length === 0) this.#broker.hostEmptied();
    else this.#take(state);
  }

  #take({ types, isSecret }: HostClipState): void {
    const source = (type: ClipType): ClipSource => ({ kind: "later", bytes: () => this.#host.read(type) });
    this.#broker.take({ from: HOST, types: new Map(types.map((type) => [type, type])), isSecret, source });
  }
}
