/**
 * What the host has asked a guest and waits for: numbered by main, bounded in number and in time. An answer that comes after
 * its time is dropped and does not count as a violation: a guest that is slow has done nothing wrong.
 */
import { refuse } from "#shared/protocol/violation.ts";
import { ANSWER_TIMEOUT_MS } from "./contract.ts";

/** Requests of one kind that a guest has not answered, those included that nobody waits for any more. */
export const MAX_OPEN_REQUESTS = 64;

interface OpenRequest<State> {
  state: State;
  timer: NodeJS.Timeout;
}

export class OpenRequests<State> {
  readonly #what: string;
  readonly #open = new Map<number, OpenRequest<State>>();
  /** Nobody waits for these any more. */
  readonly #late = new Set<number>();

  /** @param what they are, for the detail of a violation: "launch" */
  constructor(what: string) {
    this.#what = what;
  }

  /** false: the guest leaves too many without an answer, and this one is not to be asked. */
  add(request: number, state: State): boolean {
    if (this.#open.size + this.#late.size >= MAX_OPEN_REQUESTS) return false;
    const timer = setTimeout(() => this.drop(request), ANSWER_TIMEOUT_MS);
    this.#open.set(request, { state, timer });
    return true;
  }

  /** Nobody waits for it any more, and nothing of it is kept but its number. */
  drop(request: number): void {
    if (this.#forget(request)) this.#late.add(request);
  }

  dropAll(): void {
    for (const request of [...this.#open.keys()]) this.drop(request);
  }

  /** What is kept for a request that the guest answers; null: it is late. Throws ViolationError where nothing was asked. */
  stateOf(request: number): State | null {
    const open = this.#open.get(request);
    if (open !== undefined) return open.state;
    if (this.#late.has(request)) return null;
    return refuse("unknown-request", `an answer to ${this.#what} ${request}, which waits for none`);
  }

  /** Its answer is whole. The guest must not answer it again. */
  end(request: number): void {
    this.#forget(request);
    this.#late.delete(request);
  }

  close(): void {
    for (const request of [...this.#open.keys()]) this.#forget(request);
  }

  #forget(request: number): boolean {
    clearTimeout(this.#open.get(request)?.timer);
    return this.#open.delete(request);
  }
}
