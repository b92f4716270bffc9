/**
 * Keeps openings from going round: remembers through which VMs a link or file has been opened, so that what one VM passes on is
 * not opened again in a VM where it has been. Pure but for its clock.
 */
import type { VmId } from "#shared/model/vm.ts";

/** Who is on a way: a VM, or the host. */
export type Stop = VmId | "host";

/** After that it is another opening: a person may do the same again. */
const REMEMBERED_MS = 60_000;
/** Of each VM; the oldest go first. */
const MAX_ARRIVALS = 256;

interface Arrival {
  readonly way: readonly Stop[];
  readonly atMs: number;
}

export class Chains {
  readonly #now: () => number;
  readonly #arrivals = new Map<VmId, Map<string, Arrival>>();

  /** @param now milliseconds that only run on */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** It was opened in `vm` by Atoll, where it is known by `key`. */
  arrived(vm: VmId, key: string, way: readonly Stop[]): void {
    for (const [other, arrivals] of this.#arrivals)
      if ([...arrivals.values()].every((arrival) => this.#isOver(arrival))) this.#arrivals.delete(other);
    const arrivals = this.#arrivals.get(vm) ?? new Map<string, Arrival>();
    arrivals.delete(key);
    arrivals.set(key, { way: [...way, vm], atMs: this.#now() });
    for (const oldest of arrivals.keys()) if (arrivals.size > MAX_ARRIVALS) arrivals.delete(oldest);
    this.#arrivals.set(vm, arrivals);
  }

  /** Where it has been, `from` last. */
  wayOf(from: VmId, key: string): readonly Stop[] {
    const arrival = this.#arrivals.get(from)?.get(key);
    return arrival === undefined || this.#isOver(arrival) ? [from] : arrival.way;
  }

  #isOver({ atMs }: Arrival): boolean {
    return this.#now() - atMs > REMEMBERED_MS;
  }
}
