/** What the host tells a guest, which answers nothing: keys and pointer, its screen, its keyboard layout, and its end. */
import { expect, it, test, vi } from "vitest";
import { KeyState, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { KEYMAP } from "../contracts/keymap.ts";
import { POWER } from "../contracts/power.ts";
import type { PageCommand } from "../page-ports.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { input } from "./input.ts";

/** A VM with one window. */
function open(): ServiceHost {
  const host = new ServiceHost();
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
  return host;
}

const MOTION = { type: "pointerMotion", surface: 1, xFixed: 256, yFixed: 512, timeMs: 3 } as const;
const LOCKED_MOTION = { type: "pointerMoved", dxFixed: -256, dyFixed: 512, timeMs: 3 } as const;
const AXIS = { x120: 120, y120: -120, xFixed: 256, yFixed: -256, finger: true, stopped: false, timeMs: 3 };

test.each([
  [{ type: "keyboardFocus", surface: 1 }, "keyboardFocus", { surface: 1 }],
  [{ type: "keyboardFocus", surface: null }, "keyboardFocus", { surface: 0 }],
  [{ type: "key", code: 30, state: "pressed", timeMs: 3 }, "key", { code: 30, state: KeyState.PRESSED, timeMs: 3 }],
  [{ type: "key", code: 30, state: "repeated", timeMs: 3 }, "key", { code: 30, state: KeyState.REPEATED, timeMs: 3 }],
  [{ type: "key", code: 30, state: "released", timeMs: 3 }, "key", { code: 30, state: KeyState.RELEASED, timeMs: 3 }],
  [MOTION, "pointerMotion", { surface: 1, xFixed: 256, yFixed: 512, timeMs: 3 }],
  [{ type: "pointerLocked", surface: 1 }, "pointerLocked", { surface: 1 }],
  [{ type: "pointerLocked", surface: null }, "pointerLocked", { surface: 0 }],
  [LOCKED_MOTION, "pointerMoved", { dxFixed: -256, dyFixed: 512, timeMs: 3 }],
  [{ type: "pointerLeft" }, "pointerLeft", {}],
  [
    { type: "pointerButton", button: 0x110, pressed: true, timeMs: 3 },
    "pointerButton",
    { button: 0x110, pressed: true, timeMs: 3 },
  ],
  [{ type: "pointerAxis", ...AXIS }, "pointerAxis", AXIS],
  [
    { type: "output", width: 800, height: 600, scale120: 180, refreshMhz: 75_000 },
    "outputChanged",
    { output: { width: 800, height: 600, scale120: 180, refreshMhz: 75_000 } },
  ],
] as [PageCommand, "key", object][])("%o is said as %s", (command, name, value) => {
  const host = open();
  host.command(command);
  expect(host.sent.map((one) => [one.name, one.value])).toEqual([[name, value]]);
});

test.each([
  [MOTION, 16 * 1024, 1],
  [MOTION, 16 * 1024 + 1, 0],
  [LOCKED_MOTION, 16 * 1024, 1],
  [LOCKED_MOTION, 16 * 1024 + 1, 0],
  [{ type: "key", code: 30, state: "released", timeMs: 3 }, 1024 * 1024, 1],
  [{ type: "pointerButton", button: 0x110, pressed: false, timeMs: 3 }, 1024 * 1024, 1],
] as [PageCommand, number, number][])(
  "%o, to a guest that has not read %s bytes, is said %s times",
  (command, queuedBytes, times) => {
    const host = open();
    host.queuedBytes = queuedBytes;
    host.command(command);
    expect(host.sent).toHaveLength(times);
  },
);

it("how old the last key is grows with time", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  const host = open();
  vi.advanceTimersByTime(5_000);
  expect(host.use(input).sinceInputMs).toBeNull();
  host.command({ type: "key", code: 30, state: "pressed", timeMs: 3 });
  vi.advanceTimersByTime(700);
  expect(host.use(input).sinceInputMs).toBe(700);
  vi.useRealTimers();
});

it("a layout that changes is said at once, and again to an agent that comes later; one that has not is in its welcome", () => {
  const host = new ServiceHost();
  host.opened();
  expect(host.sentOf("keymapChanged")).toEqual([]);
  const keymap = { rules: "evdev", model: "pc105", layout: "de", variant: "", options: "" };
  host.order(KEYMAP, keymap);
  expect(host.sentOf("keymapChanged")).toEqual([{ keymap }]);
  host.opened();
  expect(host.sentOf("keymapChanged")).toEqual([{ keymap }, { keymap }]);
  host.close();
});

it("a guest is asked to shut down", () => {
  const host = new ServiceHost();
  host.order(POWER, "powerOff");
  expect(host.sentOf("powerOff")).toEqual([{}]);
});
