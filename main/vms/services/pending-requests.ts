/** Requests of a service's client that wait for their answers: numbered, limited in time, lost with the link. */
import { AppError } from "#shared/model/app-error.ts";

const ANSWER_TIMEOUT_MS = 30_000;

interface Pending<Answer> {
  resolve(answer: Answer): void;
  reject(error: AppError): void;
  timer: NodeJS.Timeout;
}

export class PendingRequests<Answer> {
  readonly #vmName: () => string;
  readonly #pending = new Map<number, Pending<Answer>>();
  #last = 0;

  constructor(vmName: () => string) {
    this.#vmName = vmName;
  }

  /**
   * `send` is given the request's number: 1.., never used twice. Rejects with what `send` throws, with vm.timeout, and with
   * vm.not-running when the link is lost.
   */
  ask(send: (request: number) => void): Promise<Answer> {
    this.#last += 1;
    const request = this.#last;
    send(request);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(request);
        const vm = this.#vmName();
        reject(new AppError("vm.timeout", `VM "${vm}" did not answer within ${ANSWER_TIMEOUT_MS / 1000} s.`, { vm }));
      }, ANSWER_TIMEOUT_MS);
      this.#pending.set(request, { resolve, reject, timer });
    });
  }

  /** An answer that nobody waits for any more is dropped. */
  answered(request: number, answer: Answer): void {
    this.#take(request)?.resolve(answer);
  }

  lost(): void {
    for (const request of [...this.#pending.keys()])
      this.#take(request)?.reject(lostError(this.#vmName(), "it answered"));
  }

  #take(request: number): Pending<Answer> | undefined {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    clearTimeout(pending?.timer);
    return pending;
  }
}

/** The link was lost before something happened. */
export function lostError(vm: string, before: string): AppError {
  return new AppError("vm.not-running", `VM "${vm}" was lost before ${before}.`, { vm });
}
