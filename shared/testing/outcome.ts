/** What a parser of guests' messages says of one, for tests. */
import { ViolationError } from "../protocol/violation.ts";

/** The code of the violation that `act` throws; "accepted" where it throws none. Anything else that is thrown goes on. */
export function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof ViolationError) return thrown.violation.code;
    throw thrown;
  }
  return "accepted";
}
