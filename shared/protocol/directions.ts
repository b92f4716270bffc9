/** Which message travels on which port, in which direction: the table that session.ts and the tests go by. */
import type { WireMessageName } from "./header.ts";

export const PORTS = ["control", "frames", "bulk"] as const;
export type PortName = (typeof PORTS)[number];
export type Direction = "to-host" | "to-agent" | "both";

interface Route {
  port: PortName;
  direction: Direction;
  /** Whether raw bytes may follow the header. */
  payload: boolean;
}

const control = (direction: Direction, payload = false): Route => ({ port: "control", direction, payload });
const bulk = (direction: Direction, payload = false): Route => ({ port: "bulk", direction, payload });

export const ROUTES: Readonly<Record<WireMessageName, Route>> = {
  hello: control("to-host"),
  windowOpened: control("to-host"),
  popupOpened: control("to-host"),
  subsurfaceOpened: control("to-host"),
  windowChanged: control("to-host"),
  popupMoved: control("to-host"),
  childrenPlaced: control("to-host"),
  windowRequested: control("to-host"),
  surfaceClosed: control("to-host"),
  cursorChanged: control("to-host", true),
  launched: control("to-host"),
  apps: control("to-host"),
  appsChanged: control("to-host"),
  pong: control("to-host"),
  requestFailed: control("to-host"),
  welcome: control("to-agent"),
  configure: control("to-agent"),
  closeRequested: control("to-agent"),
  keyboardFocus: control("to-agent"),
  key: control("to-agent"),
  pointerMotion: control("to-agent"),
  pointerLeft: control("to-agent"),
  pointerButton: control("to-agent"),
  pointerAxis: control("to-agent"),
  popupDismissed: control("to-agent"),
  launch: control("to-agent"),
  listApps: control("to-agent"),
  ping: control("to-agent"),
  outputChanged: control("to-agent"),
  keymapChanged: control("to-agent"),
  refresh: control("to-agent"),
  powerOff: control("to-agent"),
  frame: { port: "frames", direction: "to-host", payload: true },
  credit: { port: "frames", direction: "to-agent", payload: false },
  execStart: bulk("to-agent"),
  execSignal: bulk("to-agent"),
  execResize: bulk("to-agent"),
  execStarted: bulk("to-host"),
  execFailed: bulk("to-host"),
  execExited: bulk("to-host"),
  execData: bulk("both", true),
  execEnd: bulk("both"),
  execCredit: bulk("both"),
};
