/** What a result depends on and the code does not say: the machine, and the versions of what was measured. */
import fs from "node:fs";
import os from "node:os";
import { probeHost } from "../main/hardware/host.ts";
import { resolveElectron } from "../scripts/setup/electron.mjs";

export interface MachineFacts {
  cores: number;
  processor: string;
  memoryMiB: number;
  system: string;
  kernel: string;
  accelerator: string;
  qemu: string;
  electron: string;
  node: string;
}

export async function machineFacts(): Promise<MachineFacts> {
  const { version, accelerator } = await probeHost();
  const cpus = os.cpus();
  return {
    cores: cpus.length,
    processor: cpus[0]?.model.trim() ?? "?",
    memoryMiB: Math.round(os.totalmem() / 1024 / 1024),
    system: /PRETTY_NAME="(.*)"/.exec(fs.readFileSync("/etc/os-release", "utf8"))?.[1] ?? "?",
    kernel: os.release(),
    accelerator,
    qemu: version,
    electron: resolveElectron().version,
    node: process.versions.node,
  };
}
