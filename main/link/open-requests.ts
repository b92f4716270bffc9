/**
 * What the host has asked a guest and waits for: numbered by main, which also says when nobody waits any more, and bounded in
 * number. An answer that comes after that is dropped and does not count as a violation: a guest that is slow has done nothing
 * wrong.
 */
import { refuse } from "#shared/protocol/violation.ts";

/** Requests of one kind that a guest has not answered, those included that nobody waits for any more. */
export const MAX_OPEN_REQUESTS = 64;

export class OpenRequests<State> {
  readonly #what: string;
  readonly #open = new Map<number, State>();
  /** Nobody waits for these any more. */
  readonly #late = new Set<number>();

  /** @param what they are, for the detail of a violation: "launch" */
  constructor(what: string) {
    this.#what = what;
  }

  /** false: the guest leaves too many without an answer, and this one is not to be asked. */
  add(request: number, state: State): boolean {
    if (this.#open.size + this.#late.size >= MAX_OPEN_REQUESTS) return false;
    this.#open.set(request, state);
    return true;
  }

  /** Nobody waits for it any more, and nothing of it is kept but its number. */
  drop(request: number): void {
    if (this.#open.delete(request)) this.#late.add(request);
  }

  dropAll(): void {
    for (const request of [...this.#open.keys()]) this.drop(request);
  }

  /** What is kept for a request that the guest answers; null: it is late. Throws ViolationError where nothing was asked. */
  stateOf(request: number): State | null {
    const open = this.#open.get(request);
    if (open !== undefined) return open;
    if (this.#late.has(request)) return null;
    return refuse("unknown-request", `an answer to ${this.#what} ${request}, which waits for none`);
  }

  /** Its answer is whole. The guest must not answer it again. */
  end(request: number): void {
    this.#open.delete(request);
    this.#late.delete(request);
  }

  close(): void {
    this.#open.clear();
  }
}
