/** From the start of the application to the desktop on the screen, beside an Electron that opens an empty window. */
import { spawn } from "node:child_process";
import path from "node:path";
import { resolveElectron } from "../../scripts/setup/electron.mjs";
import { sampleOf, type Finding } from "../report.ts";
import { middleOf, Screen, SCREEN } from "../screen.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 7, quick: 2 };
const TIMEOUT_S = 30;
const AT_MOST = 2;
/** The X server's own screen. */
const NOTHING = "000000";
/** The window's background before the page has drawn, dark and light: main/electron/desktop-window.ts. */
const NOT_DRAWN = "0b1a24,e6efee";

export const appStart: Measure = { name: "app-start", run };

async function run({ tools, isQuick, say }: Context): Promise<Finding[]> {
  const atoll = await Atoll.prepare(tools);
  const empty = await Screen.open(tools);
  const ours: number[] = [];
  const theirs: number[] = [];
  try {
    const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
    // One more than is counted: the first of each finds cold caches.
    for (let round = 0; round <= rounds; round += 1) {
      const times = [await startAtoll(atoll), await startEmpty(empty)] as const;
      if (round === 0) continue;
      ours.push(times[0]);
      theirs.push(times[1]);
      say(`application start, round ${round} of ${rounds}: ${times.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
    }
  } finally {
    await empty.close();
    await atoll.close();
  }
  const [us, them] = [sampleOf(ours), sampleOf(theirs)];
  return [
    {
      name: "application start to the desktop",
      unit: "ms",
      ours: us.p50,
      theirs: them.p50,
      against: "an empty Electron",
      bar: { atMost: AT_MOST },
      samples: { ours: us, theirs: them },
    },
  ];
}

async function startAtoll(atoll: Atoll): Promise<number> {
  // In the top bar: what stands there is the page's own.
  const topBar = { x: 0, y: 0, width: SCREEN.width, height: 24 };
  const startedMs = Number(process.hrtime.bigint()) / 1e6;
  const shown = atoll.screen.await(topBar, `!${NOTHING},${NOT_DRAWN}`, TIMEOUT_S);
  atoll.launch();
  const shownMs = await shown;
  await atoll.end();
  await atoll.screen.await(middleOf(topBar), NOTHING, TIMEOUT_S);
  return shownMs - startedMs;
}

async function startEmpty(screen: Screen): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const app = path.join(import.meta.dirname, "../systems/empty-electron");
  const args = [resolveElectron().executable, ...(isRoot ? ["--no-sandbox"] : []), app];
  const middle = middleOf({ x: 0, y: 0, ...SCREEN });
  const startedMs = Number(process.hrtime.bigint()) / 1e6;
  const shown = screen.await(middle, `!${NOTHING}`, TIMEOUT_S);
  const child = spawn("setpriv", ["--pdeathsig", "KILL", ...args], {
    env: { ...process.env, DISPLAY: screen.display, WAYLAND_DISPLAY: undefined },
    stdio: "ignore",
  });
  const shownMs = await shown;
  await new Promise((resolve) => {
    child.once("exit", resolve);
    child.kill("SIGKILL");
  });
  await screen.await(middle, NOTHING, TIMEOUT_S);
  return shownMs - startedMs;
}
