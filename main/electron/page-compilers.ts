/** How many threads compile a page's JavaScript beside its own. */
import { app } from "electron";

/**
 * Chromium 130 has three threads for such work where there are up to four processors, and V8's compilers may take all three. When
 * they wait for the page's own thread to collect garbage while that asks Chromium's font service, which needs one of the three for
 * the answer, the page hangs for ever: seen at one of 30 starts on two processors. Two compilers at most leave one free.
 */
const FLAGS = ["--no-concurrent-sparkplug", "--concurrent-maglev-max-threads=1", "--concurrent-turbofan-max-threads=1"];

/** Call it before any page is opened. */
export function limitCompilers(): void {
  app.commandLine.appendSwitch("js-flags", FLAGS.join(" "));
}
