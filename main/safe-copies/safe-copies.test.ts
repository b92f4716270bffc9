/** A service's VM before and after a document. What is made of one is e2e's. */
import { beforeEach, expect, it, vi } from "vitest";
import type { FilesSource } from "../files/transfer.ts";
import type { ServiceUnit } from "../services/service-unit.ts";
import type { Vm } from "../vms/vm.ts";
import { SafeCopies } from "./safe-copies.ts";

let done: string[];
let isWanted: boolean;
let stops: () => Promise<void>;
let used: () => void;

beforeEach(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
  [done, isWanted] = [[], true];
  stops = () => Promise.resolve();
  used = () => undefined;
});

const unit = {
  manifest: { name: "sanitizer", rights: { host: ["documents"] }, startsFresh: true, program: { command: "pages" } },
  vm: { isOn: false, definition: { name: "sanitizer" } },
  isHealthy: true,
  get isWanted() {
    return isWanted;
  },
  start: () => Promise.resolve(void done.push("start")),
  stop: () => {
    done.push("stop");
    return stops();
  },
  by: () => ({ use: () => used() }),
} as unknown as ServiceUnit;

/** Of a file that this computer does not have: it fails when the VM is there. */
function made(): Promise<unknown> {
  const copies = new SafeCopies({
    services: { units: [unit], opened: Promise.resolve() },
    host: { spawn: () => expect.unreachable(), program: "" },
  });
  const source = { party: { kind: "host" }, wanted: { kind: "opened" } } as unknown as FilesSource;
  const to = { id: "home" } as unknown as Vm;
  return copies.make({ source, to, path: Buffer.from("a.pdf"), admits: () => null });
}

it("one that was kept ready is ended, and made ready for the next document", async () => {
  await expect(made()).rejects.toMatchObject({ code: "open.no-safe-copy" });
  expect(done).toEqual(["stop", "start", "stop", "start"]);
});

it("one that does not end is not used again, and changes nothing of what has become of the document", async () => {
  used = () => (stops = () => Promise.reject(new Error("QEMU does not end.")));
  await expect(made()).rejects.toMatchObject({ code: "open.no-safe-copy" });
  expect(done).toEqual(["stop", "start", "stop"]);
});

it("one that a person has stopped meanwhile stays so", async () => {
  used = () => void (isWanted = false);
  await expect(made()).rejects.toMatchObject({ code: "open.no-safe-copy" });
  expect(done).toEqual(["stop", "start", "stop"]);
});
