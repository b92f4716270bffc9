/** Memory snapshots of a template at the driver: what is made, what is taken in their place, and what is no longer used. */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmId, VmNetwork } from "#shared/model/vm.ts";
import { cachePaths, resolveCacheDir } from "../images/builder/cache-dir.ts";
import type { Template } from "../images/builder/template.ts";
import { resolvePaths } from "../main/base/paths.ts";
import type { QemuDefinition } from "../main/hardware/qemu/definition.ts";
import { QemuDriver } from "../main/hardware/qemu/driver.ts";
import { builtTemplate, initrdOf } from "./support/templates.ts";

test.describe("a memory snapshot", () => {
  let home: string;
  let template: Template;
  let initrd: string;
  let memoryMiB: number;
  let library: string | null;
  let lastLink = 0;

  test.beforeAll(async () => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-snap-"));
    template = await builtTemplate("debian");
    const { agent } = JSON.parse(fs.readFileSync("out/setup.json", "utf8")) as { agent: string };
    initrd = await initrdOf("debian", agent);
    library = path.join(agent, "atoll-fork-memory.so");
    memoryMiB = 384;
  });

  test.afterAll(() => {
    fs.rmSync(home, { recursive: true, force: true });
  });

  const macOf = (link: number): string => `52:54:00:a7:00:0${link}`;

  const snapshots = (): string[] =>
    fs
      .readdirSync(path.join(home, "snapshots"))
      .filter((name) => !name.startsWith(".lock-"))
      .sort();

  function driver(forkLibrary: string | null): QemuDriver {
    const { rootImage: baseImage, vmlinux: kernel, buildId } = template;
    const files = { build: path.basename(template.dir), buildId, baseImage, kernel, initrd };
    return new QemuDriver(resolvePaths({ ATOLL_HOME: home }), {
      describe: ({ name }) => Promise.resolve({ hostname: name, memoryMiB, cpus: 1, templateCpus: 1, template: files }),
      checkTemplate: () => undefined,
      guestNetwork: () =>
        Promise.resolve({
          nic: { id: "nic", mac: macOf((lastLink += 1)) },
          ipv4: { address: "10.137.0.6", prefix: 30, gateway: "10.137.0.5" },
          ipv6: { address: "fd00:137:1::2", prefix: 64, gateway: "fd00:137:1::1" },
        }),
      probesFolder: cachePaths(resolveCacheDir()).probesDir,
      snapshotsFolder: path.join(home, "snapshots"),
      forkLibrary: () => forkLibrary,
    });
  }

  function definition(name: string, network: VmNetwork = "none"): QemuDefinition {
    const id = randomUUID() as VmId;
    return { id, name, template: "debian", memory: null, cpus: null, network, isThrowaway: true };
  }

  async function prepared(forkLibrary: string | null): Promise<void> {
    const made = definition("snapshot");
    await driver(forkLibrary).prepare(made);
    await driver(forkLibrary).remove(made);
  }

  /** What a machine began from that is started now. */
  async function originOf(forkLibrary: string | null): Promise<string> {
    const own = definition("one");
    const machine = await driver(forkLibrary).start(own);
    await machine.kill();
    await driver(forkLibrary).remove(own);
    return machine.origin;
  }

  /** Who speaks first on the interface of a machine that goes on: its address, which the guest's kernel has from its card. */
  async function speakerOfFork(): Promise<string> {
    const own = definition("one", "direct");
    const machine = await driver(library).start(own);
    expect([machine.origin, await machine.nics.list()]).toEqual(["fork", ["nic"]]);
    const frames = net.connect(machine.nics.socket("nic"));
    await machine.nics.setLink("nic", true);
    let frame = Buffer.alloc(0);
    // Its length, the address that it is for, and the one that it is from.
    while (frame.length < 16) frame = Buffer.concat([frame, ...((await once(frames, "data")) as Buffer[])]);
    frames.destroy();
    await machine.kill();
    await driver(library).remove(own);
    return [...frame.subarray(10, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  }

  test("is what a machine goes on from, until it does not work: then it is removed, and the machine boots", async () => {
    expect(await originOf(library)).toBe("cold");
    await prepared(library);
    const [key = ""] = snapshots();
    expect(snapshots()).toEqual([key]);
    expect(await originOf(library)).toBe("fork");
    for (const link of [1, 2]) expect(await speakerOfFork()).toBe(macOf(link));
    const state = path.join(home, "snapshots", key, "state");
    fs.truncateSync(state, Math.floor(fs.statSync(state).size / 2));
    expect(await originOf(library)).toBe("cold");
    expect(snapshots()).toEqual([]);
  });

  test("is restored as a whole where its memory cannot be shared, and a stale one goes when the next is there", async () => {
    await prepared(null);
    const [stale = ""] = snapshots();
    expect(await originOf(null)).toBe("restored");
    memoryMiB = 320;
    expect(await originOf(null)).toBe("cold");
    expect(snapshots()).toEqual([stale]);
    await prepared(null);
    expect(snapshots()).toHaveLength(1);
    expect(snapshots()).not.toContain(stale);
    expect(await originOf(null)).toBe("restored");
  });
});
