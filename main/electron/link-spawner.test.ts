/** A link's process that ends, however it does. What links carry is e2e's. */
import { EventEmitter } from "node:events";
import { beforeEach, expect, it, vi } from "vitest";
import { hostLinkSpawner } from "./link-spawner.ts";

const electron = vi.hoisted(() => ({ forked: [] as EventEmitter[] }));
vi.mock("electron", () => ({
  utilityProcess: {
    fork: () => {
      const child = Object.assign(new EventEmitter(), { postMessage: () => undefined, kill: () => true });
      electron.forked.push(child);
      return child;
    },
  },
}));
const logged = vi.hoisted(() => vi.fn<(line: string) => void>());
vi.mock("../base/log.ts", () => ({ log: logged }));

beforeEach(() => {
  electron.forked.length = 0;
  logged.mockClear();
});

it("in which V8 gives up is the end of a link, and of nothing else", () => {
  const link = hostLinkSpawner()();
  const codes: number[] = [];
  link.onExit((code) => codes.push(code));
  const [child] = electron.forked;
  // As Electron says it. An event of this name that nobody listens to is thrown.
  child?.emit("error", "FatalError", "v8::ToLocalChecked", "{}");
  expect(logged).toHaveBeenCalledExactlyOnceWith("the link of host ends: FatalError, v8::ToLocalChecked");
  child?.emit("exit", 132);
  expect(codes).toEqual([132]);
});
