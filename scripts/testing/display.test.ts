import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { type Display, openDisplay, withDisplay } from "./display.mjs";

const SIZE = { width: 64, height: 48 };
const socketOf = (name: string): string => `/tmp/.X11-unix/X${name.slice(1)}`;
let open: Display[] = [];

afterEach(async () => {
  for (const display of open) await display.close();
  open = [];
});

async function opened(number?: () => number): Promise<Display> {
  const display = await openDisplay(SIZE, number);
  open.push(display);
  return display;
}

/** By the socket in the file system, which is what a program in another network namespace can reach. */
async function expectReachable({ name }: Display): Promise<void> {
  const socket = createConnection(socketOf(name));
  await once(socket, "connect");
  socket.destroy();
}

it("each has a number that nobody else looks for, and leaves nothing behind", async () => {
  const displays = [await opened(), await opened()];
  for (const display of displays) {
    expect(Number(display.name.slice(1))).toBeGreaterThanOrEqual(200);
    await expectReachable(display);
  }
  await displays[0]?.close();
  expect(displays.map(({ name }) => existsSync(socketOf(name)))).toEqual([false, true]);
});

it("a number that is taken is left to its server, and another one is tried", async () => {
  const first = await opened();
  const taken = Number(first.name.slice(1));
  let number = taken - 1_000;
  const second = await opened(() => (number += 1_000));
  expect(second.name).toBe(`:${taken + 1_000}`);
  await expectReachable(first);
  await expectReachable(second);
});

it("what works with one has it closed at its end, also where it fails", async () => {
  let name = "";
  const failed = withDisplay((display) => {
    name = display;
    expect(existsSync(socketOf(name))).toBe(true);
    return Promise.reject(new Error("it failed"));
  });
  await expect(failed).rejects.toThrow("it failed");
  expect(existsSync(socketOf(name))).toBe(false);
});
