/** The VMs of services, as state/services.json has them. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Drivers, registered } from "../hardware/drivers.ts";
import { scriptedDriver, ScriptedMachine, scriptedType } from "../vms/testing/scripted-vm.ts";
import { readManifest, type ServiceManifest } from "./manifest.ts";
import { ServiceSource, spareName } from "./service-source.ts";
import { WORDS } from "./testing/words-manifest.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function manifest(rights = "{}"): ServiceManifest {
  const read = readManifest(`${WORDS}rights: ${rights}\n`, "service.yaml");
  if (!read.ok) throw new Error(read.problem.reason);
  return read.value;
}

async function opened(rights?: string): Promise<ServiceSource> {
  const driver = { ...scriptedDriver(new ScriptedMachine()), define: (options: object) => ({ ...options }) };
  const source = new ServiceSource(folder, new Drivers([registered(scriptedType(), driver)]));
  await source.load();
  await source.set(manifest(rights));
  return source;
}

const names = (source: ServiceSource): unknown[] => source.all.map(({ id, name }) => [name, id]);

it("has one VM of each, the same in the next run of the application", async () => {
  const id = (await opened()).idOf("words");
  const again = await opened();
  expect([again.idOf("words"), names(again)]).toEqual([id, [["words", id]]]);
});

it("gives the name to the VM that is used from now on, keeps the one before, and goes back to it", async () => {
  const source = await opened();
  const first = source.idOf("words");
  const next = await source.addNext("words");
  expect(names(source)).toEqual([
    ["words", first],
    ["words-next", next],
  ]);
  await source.useNext("words");
  const used = [
    ["words", next],
    ["words-before", first],
  ];
  expect(names(source)).toEqual(used);
  expect(names(await opened())).toEqual(used);
  await source.takeBefore("words");
  expect(source.spareOf("words", "next")).toBe(first);
  await source.leaveBefore("words");
  expect(names(source)).toEqual(used);
  await source.takeBefore("words");
  await source.useNext("words");
  expect(names(source)).toEqual([
    ["words", first],
    ["words-before", next],
  ]);
});

it("has one more for one task, which is like the one that is used and known to the next run", async () => {
  const source = await opened();
  await source.addNext("words", 2_000);
  await source.useNext("words");
  const fork = await source.addFork("words");
  const [used, , other] = (await opened()).all;
  expect(other).toEqual({ ...used, id: fork, name: "words-fork" });
  await source.remove(fork);
  expect(source.spareOf("words", "fork")).toBeUndefined();
});

it("gives a VM more memory than the manifest says, for as long as there is that VM", async () => {
  const source = await opened();
  await source.addNext("words", 2_000);
  await source.useNext("words");
  const memories = async (): Promise<unknown[]> =>
    (await opened()).all.map((vm) => [vm.name, (vm as { memory?: number }).memory]);
  expect(await memories()).toEqual([
    ["words", 2_000],
    ["words-before", 256],
  ]);
  expect(source.memoryOf("words")).toBe(2_000);
  await source.addNext("words", 100);
  await source.remove(source.spareOf("words", "before") ?? expect.unreachable());
  await source.useNext("words");
  expect(await memories()).toEqual([
    ["words", 256],
    ["words-before", 2_000],
  ]);
});

it("forgets the spare VM that is removed, and the service with its own", async () => {
  const source = await opened();
  const [id, next] = [source.idOf("words"), await source.addNext("words")];
  await source.remove(next);
  expect(names(source)).toEqual([["words", id]]);
  if (id !== undefined) await source.remove(id);
  expect([names(source), source.idOf("words")]).toEqual([[], undefined]);
});

it("remembers what a person wants to run", async () => {
  const source = await opened();
  expect(source.isWanted("words")).toBe(false);
  await source.setWanted("words", true);
  const again = await opened();
  expect(again.isWanted("words")).toBe(true);
  await again.setWanted("words", false);
  expect((await opened()).isWanted("words")).toBe(false);
});

it.each([
  ["{}", "none"],
  ["{ uplink: true }", "direct"],
  ["{ firewall: true }", "firewall"],
  // It gets its interfaces while it runs.
  ["{ uplink: true, serves: [app] }", "none"],
])("with the rights %s it has the network %s", async (rights, network) => {
  expect((await opened(rights)).all).toMatchObject([{ network }]);
});

it("names spare VMs as VMs can be named", () => {
  expect(spareName("a".repeat(31), "before")).toBe(`${"a".repeat(20)}-before`);
  expect(spareName(`${"a".repeat(19)}-b`, "next")).toBe(`${"a".repeat(19)}-next`);
});

function machineOf(definition: object): object {
  const { network, memory } = definition as { network: string; memory: number };
  return { network, memory };
}

it("has another version of it tried as that is, and not again in the next run", async () => {
  const source = await opened();
  await source.addNext("words", 0, { ...manifest("{ uplink: true }"), memory: 512 });
  const shown = (one: ServiceSource): unknown[] =>
    one.all.map((vm) => ({ ...{ name: vm.name, isTrial: vm.isTrial }, ...machineOf(vm) }));
  const old = { name: "words", isTrial: false, network: "none", memory: 256 };
  expect(shown(source)).toEqual([old, { name: "words-next", isTrial: true, network: "direct", memory: 512 }]);
  expect(shown(await opened())).toEqual([old, { ...old, name: "words-next" }]);
});
