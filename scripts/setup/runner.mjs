// Runs set-up steps, those that do not need each other side by side.
import { join } from "node:path";
import { local } from "./paths.mjs";
import { Progress } from "./progress.mjs";

/**
 * @typedef {object} StepContext
 * @property {AbortSignal} signal
 * @property {(text: string) => void} detail shows what is going on
 * @property {string} log file for the output of the step's programs
 *
 * @typedef {object} Step
 * @property {string} id
 * @property {string} title
 * @property {string[]} needs ids of the steps that come before
 * @property {(context: StepContext) => Promise<string | undefined>} isUpToDate a few milliseconds; a note for the
 *   person ("" for none) when there is nothing to do, undefined when the step has to run
 * @property {(context: StepContext) => Promise<string | void>} run idempotent, and safe to be stopped at any moment;
 *   gives a note
 */

/**
 * The first failure stops the others (each can go on from where it was) and is thrown.
 *
 * @param {Step[]} steps
 * @param {AbortSignal} signal
 */
export async function runSteps(steps, signal) {
  const progress = new Progress();
  const failure = new AbortController();
  const anySignal = AbortSignal.any([signal, failure.signal]);
  /** @type {Map<string, Promise<void>>} */
  const started = new Map();

  /** @param {Step} step */
  const perform = async (step) => {
    for (const id of step.needs) await started.get(id);
    anySignal.throwIfAborted();
    /** @type {StepContext} */
    const context = {
      signal: anySignal,
      detail: (text) => progress.detail(step.title, text),
      log: join(local, "logs", `${step.id}.log`),
    };
    try {
      const present = await step.isUpToDate(context);
      if (present !== undefined) {
        progress.done(step.title, present ? `up to date (${present})` : "up to date");
        return;
      }
      progress.begin(step.title);
      const note = await step.run(context);
      const time = `${progress.seconds(step.title).toFixed(1)} s`;
      progress.done(step.title, note ? `${time.padStart(8)}  ${note}` : time.padStart(8));
    } catch (error) {
      if (!anySignal.aborted) progress.failed(step.title);
      failure.abort(error);
      throw error;
    }
  };

  // In the order of the list, which names a step after those that it needs.
  for (const step of steps) started.set(step.id, perform(step));
  const results = await Promise.allSettled(started.values());
  progress.close();
  signal.throwIfAborted();
  if (results.some((result) => result.status === "rejected")) throw failure.signal.reason;
}
