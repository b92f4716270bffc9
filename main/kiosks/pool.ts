/**
 * Which VMs of kiosks are kept ready, and which are to be made or given up: pure. Each is used once, as it is taken out of the
 * pool when it is asked for; together they never have more memory than the limit.
 */

export interface WantedKiosk {
  readonly kiosk: string;
  /** Of its VM. */
  readonly memoryMiB: number;
}

export interface PoolEntry extends WantedKiosk {
  readonly id: number;
  readonly isReady: boolean;
}

interface Failure {
  /** In a row. */
  readonly count: number;
  /** As `nowMs`. */
  readonly retryAtMs: number;
  readonly detail: string;
}

export interface Pool {
  readonly entries: readonly PoolEntry[];
  /** By kiosk. */
  readonly failures: ReadonlyMap<string, Failure>;
  readonly lastId: number;
}

export interface Plan {
  /** The next one to be made; null: none, or one is being made. */
  readonly begin: WantedKiosk | null;
  /** Ids of those that are to be given up. */
  readonly drop: readonly number[];
  /** When to plan again, as `nowMs`; null: when something has changed. */
  readonly againAtMs: number | null;
}

/** The first delay before one that could not be made is tried again, and the longest. */
export const RETRY_MS = 60_000;
export const MAX_RETRY_MS = 3_600_000;

export const EMPTY_POOL: Pool = { entries: [], failures: new Map(), lastId: 0 };

/** Those of `wanted`, in their order, that there is room for. */
export function fitting(wanted: readonly WantedKiosk[], limitMiB: number): readonly WantedKiosk[] {
  let left = limitMiB;
  return wanted.filter(({ memoryMiB }) => {
    if (memoryMiB > left) return false;
    left -= memoryMiB;
    return true;
  });
}

/**
 * @param wanted the most important first; a kiosk of which several are to wait is there as often
 * @param nowMs of a clock that never goes back
 */
export function plan(pool: Pool, wanted: readonly WantedKiosk[], limitMiB: number, nowMs: number): Plan {
  const missing = [...fitting(wanted, limitMiB)];
  const drop = pool.entries.filter((entry) => {
    const at = missing.findIndex(({ kiosk, memoryMiB }) => kiosk === entry.kiosk && memoryMiB === entry.memoryMiB);
    if (at >= 0) missing.splice(at, 1);
    return at < 0;
  });
  const retryAt = ({ kiosk }: WantedKiosk): number => pool.failures.get(kiosk)?.retryAtMs ?? 0;
  const isBusy = pool.entries.some(({ isReady }) => !isReady);
  // One that is given up still has its memory: the next one is made when it has gone.
  const begin = isBusy || drop.length > 0 ? undefined : missing.find((one) => retryAt(one) <= nowMs);
  const later = missing.map(retryAt).filter((at) => at > nowMs);
  return {
    begin: begin ?? null,
    drop: drop.map(({ id }) => id),
    againAtMs: later.length === 0 ? null : Math.min(...later),
  };
}

/** One is being made; its id is the pool's `lastId`. */
export function begun(pool: Pool, { kiosk, memoryMiB }: WantedKiosk): Pool {
  const id = pool.lastId + 1;
  return { ...pool, lastId: id, entries: [...pool.entries, { id, kiosk, memoryMiB, isReady: false }] };
}

export function filled(pool: Pool, id: number): Pool {
  const entry = pool.entries.find((one) => one.id === id);
  if (entry === undefined) return pool;
  const failures = new Map(pool.failures);
  failures.delete(entry.kiosk);
  return { ...pool, failures, entries: pool.entries.map((one) => (one.id === id ? { ...one, isReady: true } : one)) };
}

/** It could not be made: it is tried again later, each time after twice as long. */
export function failed(pool: Pool, id: number, detail: string, nowMs: number): Pool {
  const entry = pool.entries.find((one) => one.id === id);
  if (entry === undefined) return pool;
  const count = (pool.failures.get(entry.kiosk)?.count ?? 0) + 1;
  const retryAtMs = nowMs + Math.min(RETRY_MS * 2 ** (count - 1), MAX_RETRY_MS);
  return without({ ...pool, failures: new Map(pool.failures).set(entry.kiosk, { count, retryAtMs, detail }) }, id);
}

/** It was given up, or has ended. */
export function without(pool: Pool, id: number): Pool {
  return { ...pool, entries: pool.entries.filter((one) => one.id !== id) };
}

/** Somebody asks for one: it is nobody else's from now on. `id` null: none is ready. */
export function take(pool: Pool, kiosk: string): { pool: Pool; id: number | null } {
  const entry = pool.entries.find((one) => one.kiosk === kiosk && one.isReady);
  return entry === undefined ? { pool, id: null } : { pool: without(pool, entry.id), id: entry.id };
}
