// Waits for the locks of apt and dpkg, which one program at a time has: that which updates a fresh machine by itself,
// or the apt that a killed set-up has left running.
import { setTimeout as sleep } from "node:timers/promises";
import { SetupError } from "./process.mjs";

const pauseMs = 3_000;

/**
 * Does `work` again for as long as it fails because somebody else has the lock; whoever watches reads who that is, and
 * may interrupt. apt's own waiting (DPkg::Lock::Timeout) knows neither dpkg's calls nor the locks of its lists and
 * archives.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {{ signal: AbortSignal, detail: (text: string) => void }} context
 * @param {number} [pause] in milliseconds
 * @returns {Promise<T>}
 */
export async function whenUnlocked(work, { signal, detail }, pause = pauseMs) {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const holder = error instanceof SetupError ? lockHolder(error.output) : undefined;
      if (holder === undefined) throw error;
      detail(`waiting for ${holder} to let go of dpkg's lock`);
    }
    await sleep(pause, undefined, { signal });
  }
}

/**
 * @param {string[]} output of apt-get or dpkg, in English
 * @returns {string | undefined} who has the lock that it wanted, in words; undefined when it failed for another reason
 */
export function lockHolder(output) {
  const text = output.join("\n");
  if (!/Could not get lock|is another process using it|lock (?:is|was) locked by/.test(text)) return undefined;
  const held = /held by process (\d+(?: \(.+?\))?)|locked by another process with pid (\d+)/.exec(text);
  return held ? `process ${held[1] ?? held[2]}` : "another program";
}
