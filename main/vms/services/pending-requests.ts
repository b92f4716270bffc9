/** Requests of a service's client that wait for their answers: numbered, limited in time, lost with the link. */
import { AppError } from "#shared/model/app-error.ts";
import { type Settle, waitFor } from "../../base/waiting.ts";
import { ANSWER_TIMEOUT_MS } from "../../link/contract.ts";

export class PendingRequests<Answer> {
  readonly #vmName: () => string;
  readonly #pending = new Map<number, Settle<Answer>>();
  #last = 0;

  constructor(vmName: () => string) {
    this.#vmName = vmName;
  }

  /**
   * `send` is given the request's number: 1.., never used twice. `giveUp` is given it when the time is over: the link is to
   * forget it too. Rejects with what `send` throws, with vm.timeout, and with vm.not-running when the link is lost.
   */
  async ask(send: (request: number) => void, giveUp: (request: number) => void): Promise<Answer> {
    this.#last += 1;
    const request = this.#last;
    send(request);
    return waitFor<Answer>({
      listen: (settle) => {
        this.#pending.set(request, settle);
        return () => this.#pending.delete(request);
      },
      timeoutMs: ANSWER_TIMEOUT_MS,
      onTimeout: ({ reject }) => {
        giveUp(request);
        const vm = this.#vmName();
        reject(new AppError("vm.timeout", `VM "${vm}" did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`, { vm }));
      },
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  answered(request: number, answer: Answer): void {
    this.#pending.get(request)?.resolve(answer);
  }

  lost(): void {
    for (const { reject } of [...this.#pending.values()]) reject(lostError(this.#vmName(), "it answered"));
  }
}

/** The link was lost before something happened. */
export function lostError(vm: string, before: string): AppError {
  return new AppError("vm.not-running", `VM "${vm}" was lost before ${before}.`, { vm });
}
