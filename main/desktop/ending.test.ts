import { beforeEach, expect, it } from "vitest";
import { deferred } from "../vms/testing/scripted-vm.ts";
import { type EndingParts, letGo } from "./ending.ts";

let called: string[];
/** What these do in place of ending at once. */
let does: Record<string, () => void | Promise<void>>;

beforeEach(() => {
  called = [];
  does = {};
});

function scripted<Name extends string>(what: string, name: Name): Record<Name, () => Promise<void>> {
  const end = async (): Promise<void> => {
    called.push(what);
    await does[what]?.();
  };
  return { [name]: end } as Record<Name, () => Promise<void>>;
}

function parts(): EndingParts {
  const closed = (what: string) => scripted(what, "close");
  return {
    builds: scripted("builds", "cancelAll"),
    kiosks: closed("kiosks"),
    disposables: closed("disposables"),
    forks: closed("forks"),
    snapshots: closed("snapshots"),
    keymap: closed("keymap"),
    icons: scripted("icons", "end"),
    scanning: closed("scanning"),
    services: closed("services"),
    networks: closed("networks"),
    application: scripted("application", "release"),
    server: closed("server"),
    knownPrograms: scripted("knownPrograms", "settled"),
    placements: scripted("placements", "flush"),
    lastWindows: scripted("lastWindows", "flush"),
    audit: closed("audit"),
  };
}

const MACHINES = ["builds", "kiosks", "disposables", "forks", "snapshots"];
const FOLLOWERS = ["keymap", "icons", "scanning", "services", "networks", "application", "server", "knownPrograms"];
const WRITERS = ["placements", "lastWindows", "audit"];

it("what would outlive the application ends first, and what is to be written is written last", async () => {
  const [machine, network] = [deferred<void>(), deferred<void>()];
  does = { disposables: () => machine.promise, networks: () => network.promise };
  const ended = letGo(parts());
  expect(called).toEqual(MACHINES);
  machine.resolve();
  await expect.poll(() => called).toEqual([...MACHINES, ...FOLLOWERS]);
  network.resolve();
  await ended;
  expect(called).toEqual([...MACHINES, ...FOLLOWERS, ...WRITERS]);
});

it("what cannot be let go of keeps nothing else from it", async () => {
  const all = [...MACHINES, ...FOLLOWERS, ...WRITERS];
  for (const failing of all) {
    called = [];
    does = { [failing]: () => Promise.reject(new Error(`${failing} does not end`)) };
    await letGo(parts());
    expect(called).toEqual(all);
  }
});

it("nor does what fails at once", async () => {
  const made = parts();
  made.icons.end = () => {
    throw new Error("a defect");
  };
  await letGo(made);
  expect(called).toEqual([...MACHINES, ...FOLLOWERS, ...WRITERS].filter((name) => name !== "icons"));
});
