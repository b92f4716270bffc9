/** What QEMU is told, by a monitor that answers as QEMU does. Real ones are e2e's. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { NicSpec } from "../driver.ts";
import { NIC_SLOTS } from "./nic-words.ts";
import { QemuNics } from "./nics.ts";
import { QmpClient } from "./qmp.ts";

let folder: string;
let server: net.Server;
let client: QmpClient;
/** All that it was told, in order. */
let commands: string[];
let nics: QemuNics;
/** Devices by id, and the slot that each is in. */
let devices: Map<string, string>;
let backEnds: Set<string>;
let links: Record<string, boolean>;
/** The guest gives away what is asked of it. */
let isWilling: boolean;
/** A command that fails. */
let failing: string | null;
/** A command that is carried out, and answered too late. */
let late: string | null;

const nic = (id: string): NicSpec => ({ id, mac: "52:54:00:b7:00:01" });

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-nics-"));
  devices = new Map(Array.from({ length: NIC_SLOTS }, (_, index) => [`slot${index}`, "pcie.0"]));
  backEnds = new Set();
  commands = [];
  links = {};
  isWilling = true;
  failing = late = null;
  const socket = path.join(folder, "qmp.sock");
  server = net.createServer((connection) => {
    const say = (message: unknown): void => void connection.write(`${JSON.stringify(message)}\n`);
    connection.on("error", () => connection.destroy());
    connection.on("data", (text) => {
      for (const line of String(text).trim().split("\n")) {
        const { execute, id, arguments: words } = JSON.parse(line) as Asked;
        commands.push(execute);
        const answer = execute === failing ? null : answered(execute, words ?? {});
        if (execute === late) continue;
        say(answer === null ? { id, error: { class: "GenericError", desc: "no" } } : { id, return: answer });
        if (execute === "device_del" && answer !== null && isWilling) {
          devices.delete(words?.id ?? "");
          say({ event: "DEVICE_DELETED", data: { path: "/machine/peripheral/x/virtio-backend" } });
          say({ event: "DEVICE_DELETED", data: { path: "/machine/peripheral/x", device: words?.id } });
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  client = await QmpClient.connect(socket);
  nics = new QemuNics(folder, client);
});
afterEach(() => {
  vi.useRealTimers();
  client.close();
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function asked(command: string): Promise<void> {
  return vi.waitFor(() => expect(commands).toContain(command));
}

interface Asked {
  execute: string;
  id: number;
  arguments?: { id?: string; bus?: string; name?: string; up?: boolean; path?: string };
}

/** null: it fails. */
function answered(command: string, { id = "", bus = "", name = "", up = false, path: at = "" }: object & Words) {
  switch (command) {
    case "qom-list":
      return [{ name: "type" }, ...[...devices.keys()].map((key) => ({ name: key, type: "child<x>" }))];
    case "qom-get": {
      const slot = devices.get(path.basename(at)) ?? "";
      return `/machine/peripheral/${slot}/${slot}`;
    }
    case "netdev_add":
      if (backEnds.has(id)) return null;
      backEnds.add(id);
      return {};
    case "netdev_del":
      return backEnds.delete(id) ? {} : null;
    case "device_add":
      devices.set(id, bus);
      links[id] = true;
      return {};
    case "set_link":
      if (!devices.has(name)) return null;
      links[name] = up;
      return {};
    default:
      return {};
  }
}
type Words = NonNullable<Asked["arguments"]>;

it("an interface is added in a slot that is free, without a carrier", async () => {
  await Promise.all(["l1", "l2", "l3"].map((id) => nics.plug(nic(id))));
  expect(["nic-l1", "nic-l2", "nic-l3"].map((id) => devices.get(id))).toEqual(["slot0", "slot1", "slot2"]);
  expect(links).toEqual({ "nic-l1": false, "nic-l2": false, "nic-l3": false });
  await nics.unplug("l2");
  await nics.plug(nic("l4"));
  expect(devices.get("nic-l4")).toBe("slot1");
  expect([...backEnds]).toEqual(["l1", "l3", "l4"]);
});

it("one that is there stays as it is", async () => {
  await nics.plug(nic("l1"));
  await nics.setLink("l1", true);
  await nics.plug(nic("l1"));
  expect(links).toEqual({ "nic-l1": true });
});

it("to take away what is not there is done at once, and nothing stays of what cannot be added", async () => {
  await nics.unplug("l1");
  failing = "device_add";
  await expect(nics.plug(nic("l1"))).rejects.toMatchObject({ code: "hardware.monitor-failed" });
  expect([...backEnds]).toEqual([]);
});

it("there are as many as slots, and a VM without slots gets none", async () => {
  for (let index = 1; index <= NIC_SLOTS; index += 1) await nics.plug(nic(`l${index}`));
  await expect(nics.plug(nic("more"))).rejects.toMatchObject({ code: "hardware.no-nic-slot" });
  devices.clear();
  await expect(nics.plug(nic("l1"))).rejects.toMatchObject({ code: "hardware.no-nic-slot" });
});

it("a guest that ends while it is asked for its interface is no interface that waits for ever", async () => {
  await nics.plug(nic("l1"));
  isWilling = false;
  const unplugged = nics.unplug("l1");
  unplugged.catch(() => undefined);
  await expect.poll(() => devices.has("nic-l1")).toBe(true);
  client.close();
  await expect(unplugged).rejects.toMatchObject({ code: "hardware.monitor-failed" });
});

it("one that the guest gives away late is added again once it is gone", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await nics.plug(nic("l1"));
  isWilling = false;
  const unplugged = nics.unplug("l1").catch((error: unknown) => error);
  await asked("device_del");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await unplugged).toMatchObject({ code: "hardware.monitor-failed" });
  isWilling = true;
  await nics.plug(nic("l1"));
  expect(devices.get("nic-l1")).toBe("slot0");
  expect([...backEnds]).toEqual(["l1"]);
  expect(commands.filter((command) => command === "device_add")).toHaveLength(2);
});

it("a device that QEMU adds late keeps its back end", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  late = "device_add";
  const plugged = nics.plug(nic("l1")).catch((error: unknown) => error);
  await asked("device_add");
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await plugged).toMatchObject({ code: "hardware.monitor-failed" });
  late = null;
  await nics.plug(nic("l1"));
  expect([[...backEnds], devices.get("nic-l1")]).toEqual([["l1"], "slot0"]);
});

it("its socket is in the runtime folder, and no id leads out of there", () => {
  expect(nics.socket("l1")).toBe(path.join(folder, "l1.sock"));
  for (const id of ["../x", "", "a-b", "toolong8"]) expect(() => nics.socket(id)).toThrow("no id");
});
