/** Boxes that come and go. What happens in one is e2e's. */
import type { EventEmitter as Emitter } from "node:events";
import { beforeEach, expect, it, vi } from "vitest";
import { PictureBoxes } from "./picture-box.ts";

const electron = vi.hoisted(() => ({ sessions: new Map<string, Emitter>() }));
vi.mock("electron", async () => {
  const { EventEmitter } = await import("node:events");
  class BrowserWindow extends EventEmitter {
    readonly webContents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler: () => undefined,
      setWebRTCIPHandlingPolicy: () => undefined,
      loadURL: () => Promise.resolve(),
      postMessage: () => undefined,
    });
    #isDestroyed = false;
    isDestroyed(): boolean {
      return this.#isDestroyed;
    }
    destroy(): void {
      this.#isDestroyed = true;
      this.emit("closed");
    }
  }
  class Port extends EventEmitter {
    close(): void {}
  }
  class MessageChannelMain {
    readonly port1 = new Port();
    readonly port2 = new Port();
  }
  const fromPartition = (name: string): Emitter => {
    const made = Object.assign(new EventEmitter(), {
      webRequest: { onBeforeRequest: () => undefined },
      enableNetworkEmulation: () => undefined,
      setPermissionRequestHandler: () => undefined,
      setPermissionCheckHandler: () => undefined,
    });
    const known = electron.sessions.get(name) ?? made;
    electron.sessions.set(name, known);
    return known;
  };
  return { BrowserWindow, MessageChannelMain, session: { fromPartition } };
});

beforeEach(() => electron.sessions.clear());

it("use a session again, and have it closed off once", () => {
  const boxes = new PictureBoxes();
  for (let picture = 0; picture < 20; picture += 1) boxes.open(() => undefined, null).end();
  expect([...electron.sessions.keys()]).toEqual(["picture-0"]);
  expect(electron.sessions.get("picture-0")?.listenerCount("will-download")).toBe(1);
});
