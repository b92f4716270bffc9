/**
 * Whatever goes from one party to another is asked here: the policy decides, or the person where it asks; the audit log has
 * it on the disk before it goes on, and the person is told of it.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { CrossingEnd, CrossingOutcome, CrossingRequest } from "./crossing-request.ts";

export class Crossings {
  /**
   * Never rejects. Resolves when it may go on: its entry is in the audit log.
   *
   * @param options `signal`: aborted, whoever asks waits no more; the last one that waits takes the prompt back
   */
  request(_request: CrossingRequest, _options: { signal?: AbortSignal } = {}): Promise<CrossingOutcome> {
    return Promise.reject(new AppError("internal", "Nothing is asked yet."));
  }

  /** What `outcome` allowed is over: its bytes go into the log, and the person is told. Once for each that was allowed. */
  told(_outcome: CrossingOutcome, _end: CrossingEnd): Promise<void> {
    return Promise.resolve();
  }
}

/** As the `atoll` command ends where something was not allowed: with exit code 3. */
export function refusalOf(outcome: CrossingOutcome): AppError {
  const { by, explanation, rule } = outcome;
  const code = by === "lapsed" ? "policy.unanswered" : "policy.denied";
  return new AppError(code, explanation, { rule });
}
