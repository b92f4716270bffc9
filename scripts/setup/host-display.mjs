// Whether somebody answers on the host's display, before Chromium finds out and says "Missing X server". The
// application's own check is in main/control/doctor.ts.
import { connect } from "node:net";
import { resolve } from "node:path";

const answerLimitMs = 3_000;
/** X11's display 0 over TCP. */
const firstX11Port = 6000;

/**
 * @typedef {import("node:net").NetConnectOpts} Address
 *
 * @typedef {object} FoundDisplay
 * @property {string[]} electronArgs Electron's arguments for using it
 *
 * @typedef {object} NoDisplay
 * @property {string} words what was tried, and what to do
 */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<FoundDisplay | NoDisplay>}
 */
export async function findDisplay(env) {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland } = env;
  if (await anyAnswers(x11Addresses(x11 ?? ""))) return { electronArgs: [] };
  // Electrons before 38 ask for X11 unless told otherwise.
  if (await anyAnswers(waylandAddresses(env))) return { electronArgs: ["--ozone-platform=wayland"] };
  const tried = [...(wayland ? [`WAYLAND_DISPLAY=${wayland}`] : []), ...(x11 ? [`DISPLAY=${x11}`] : [])];
  const reason =
    tried.length === 0 ? "neither WAYLAND_DISPLAY nor DISPLAY is set" : `nobody answers at ${tried.join(" or ")}`;
  return {
    words: [
      `Atoll needs a graphical display, and ${reason}.`,
      "",
      "  In a graphical session:  start it from a terminal of that session",
      "  Over ssh:                ssh -X HOST, then npm start",
      "  Without any screen:      apt-get install xvfb, then xvfb-run -a npm start",
      "  Only install and build:  npm start -- --setup-only",
      "",
    ].join("\n"),
  };
}

/**
 * @param {string} display such as `:0`, `unix:0.0`, `localhost:10.0`
 * @returns {Address[]} where it may listen
 * @see X(7), "Display names"
 */
export function x11Addresses(display) {
  const [, host = "", number] = /^(?:(?:unix|local|tcp|inet6?)\/)?([^/]*):(\d+)(?:\.\d+)?$/.exec(display) ?? [];
  if (number === undefined) return [];
  if (host !== "" && host !== "unix") {
    return [{ host: host.replace(/^\[(.*)\]$/, "$1"), port: firstX11Port + Number(number) }];
  }
  const path = `/tmp/.X11-unix/X${number}`;
  // With the zero in the abstract namespace of Linux, where it needs no file.
  return [{ path }, { path: `\0${path}` }];
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {Address[]}
 */
function waylandAddresses({ WAYLAND_DISPLAY: wayland, XDG_RUNTIME_DIR: runtime }) {
  return wayland ? [{ path: resolve(runtime ?? "/", wayland) }] : [];
}

/** @param {Address[]} addresses */
async function anyAnswers(addresses) {
  return (await Promise.all(addresses.map(answers))).includes(true);
}

/**
 * @param {Address} address
 * @returns {Promise<boolean>}
 */
function answers(address) {
  return new Promise((done) => {
    const socket = connect(address);
    /** @param {boolean} isThere */
    const end = (isThere) => {
      socket.destroy();
      done(isThere);
    };
    socket.setTimeout(answerLimitMs, () => end(false));
    socket.on("connect", () => end(true));
    socket.on("error", () => end(false));
  });
}
