#!/usr/bin/env node
// In place of Electron, for Playwright: starts it in the namespace of the tests' internet. The ports by which Playwright speaks
// to it are on that namespace's loopback, so they are made here, too, before Playwright hears of them.
import { spawn } from "node:child_process";
import net from "node:net";
import { createInterface } from "node:readline";

const { ATOLL_TEST_INTERNET = "{}", ...env } = process.env;
/** @type {{ enter: string[], wayIn: string, electron: string }} */
const { enter, wayIn, electron } = JSON.parse(ATOLL_TEST_INTERNET);

// It ends with this program, also where that is killed.
const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", ...enter, electron, ...process.argv.slice(2)], {
  env,
  stdio: ["inherit", "inherit", "pipe"],
});
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));

let written = Promise.resolve();
createInterface({ input: child.stderr }).on("line", (line) => {
  const port = /\bws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
  written = written.then(async () => {
    if (port !== undefined) await forward(Number(port));
    process.stderr.write(`${line}\n`);
  });
});

/** @param {number} port */
function forward(port) {
  const server = net.createServer((outside) => {
    const inside = net.connect(wayIn, () => inside.write(`${port}\n`));
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ]) {
      one.on("error", () => one.destroy());
      one.on("close", () => other.destroy());
    }
    outside.pause();
    // "connected"
    inside.once("data", () => outside.pipe(inside).pipe(outside));
  });
  return new Promise((resolve) => void server.listen(port, "127.0.0.1", () => resolve(undefined)));
}
