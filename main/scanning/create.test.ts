/** The parts of scanning together: how often they look at services that speak without an end. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Emitter } from "../base/emitter.ts";
import type { Services } from "../services/services.ts";
import { createScanning } from "./create.ts";

let folder: string;
beforeEach(() => {
  vi.useFakeTimers();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll scanning "));
});
afterEach(() => {
  fs.rmSync(folder, { recursive: true });
  vi.useRealTimers();
});

it("messages of services' programs cost five looks a second, and none when all is closed", () => {
  let looks = 0;
  class Scripted extends Emitter<{ changed: [] }> {
    get units(): [] {
      looks += 1;
      return [];
    }
    get coming(): [] {
      return [];
    }
    listOf(): [] {
      return [];
    }
  }
  const services = new Scripted();
  const scanning = createScanning({
    application: { vms: [], on: () => undefined },
    services: services as unknown as Services,
    hostFiles: {} as never,
    stateFolder: folder,
    crossings: () => expect.unreachable("nothing crosses"),
    transfers: () => expect.unreachable("nothing is sent"),
    recent: { of: () => [] },
  });
  services.emit("changed");
  const once = looks;
  for (let at = 0; at < 200; at += 1) {
    services.emit("changed");
    vi.advanceTimersByTime(5);
  }
  expect([once > 0, looks / once]).toEqual([true, 6]);
  scanning.close();
  services.emit("changed");
  vi.advanceTimersByTime(1_000);
  expect(looks / once).toBe(6);
});
