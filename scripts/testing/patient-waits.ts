// Before each file of unit tests: `vi.waitFor` and `vi.waitUntil` wait as long as `expect.poll` does. By themselves they give up
// after a second, which real files, processes and sockets may need on a busy machine.
import { vi } from "vitest";
import { WAITS_MS } from "./waits.ts";

type Options = number | { timeout?: number; interval?: number } | undefined;

function patient(options: Options): { timeout: number; interval?: number } {
  return { timeout: WAITS_MS, ...(typeof options === "number" ? { timeout: options } : options) };
}

/** Files that run in one thread have one `vi`. */
const done = Symbol.for("atoll.patient-waits");

if (!(done in vi)) {
  const { waitFor, waitUntil } = vi;
  Object.assign(vi, {
    [done]: true,
    waitFor: ((callback, options) => waitFor(callback, patient(options))) satisfies typeof waitFor,
    waitUntil: ((callback, options) => waitUntil(callback, patient(options))) satisfies typeof waitUntil,
  });
}
