import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { recordedMachines } from "./recorded-machines.ts";

let run: string;
beforeEach(() => void (run = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-records-"))));
afterEach(() => fs.rmSync(run, { recursive: true }));

function recorded(id: string, text: string): string {
  const folder = path.join(run, "vms", id.slice(0, 13));
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "machine.json"), text);
  return folder;
}

it("are those whose record names the VM of its folder, and nothing of others is believed", async () => {
  expect(await recordedMachines({ run })).toEqual([]);
  const id = randomUUID();
  recorded(id, JSON.stringify({ id, pid: 1 }));
  // Of QEMUs that their guests have taken over.
  recorded(randomUUID(), JSON.stringify({ id: randomUUID() }));
  recorded(randomUUID(), "{");
  recorded(randomUUID(), JSON.stringify({ id: "" }));
  const link = path.join(recorded(randomUUID(), ""), "machine.json");
  fs.rmSync(link);
  fs.symlinkSync(path.join(run, "vms", id.slice(0, 13), "machine.json"), link);
  fs.mkdirSync(path.join(run, "vms", randomUUID().slice(0, 13)));
  expect(await recordedMachines({ run })).toEqual([id]);
});
