/** Starts a QEMU in its box, with the record by which a later run of the application finds it again. */
import fsp from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "#shared/model/app-error.ts";
import type { Accelerator, MachineOrigin } from "#shared/model/vm.ts";
import { bootId } from "../../base/boot-id.ts";
import { log } from "../../base/log.ts";
import { makePrivateFolder } from "../../base/paths.ts";
import type { GuestNetwork } from "../driver.ts";
import type { ServiceProgram } from "../service-images.ts";
import { qemuArguments, RUNTIME_FILES, type SnapshotUse } from "./argv.ts";
import { DEVICES, gapsOf } from "./box.ts";
import { probeBox } from "./box-probe.ts";
import type { QemuDefinition } from "./definition.ts";
import { noSpace, type TemplateFiles } from "./disk.ts";
import {
  isAlive,
  KILL_TIMEOUT_MS,
  logTail,
  type MachineRecord,
  QemuMachine,
  RECORD_FILE,
  untilGone,
  wholeLogTail,
} from "./machine.ts";
import { KVM_DEVICE } from "./probe.ts";
import { qemuPrograms, spawnQemu } from "./process.ts";
import { defaultProcessors } from "./processors.ts";
import { probeScope, scopeWords } from "./weight.ts";

/** How long QEMU may take until its monitor answers. */
const MONITOR_TIMEOUT_MS = 15_000;

/** A VM as it shall run now: its definition with the template that it is based on. */
export interface QemuVm {
  hostname: string;
  memoryMiB: number;
  /** What a person has chosen; null = nothing. */
  cpus: number | null;
  templateCpus: number;
  template: TemplateFiles;
  /** Of a service VM. */
  service?: ServiceProgram | undefined;
}

/** One start of a VM. */
export interface MachineStart {
  definition: QemuDefinition;
  vm: QemuVm;
  accelerator: Accelerator;
  /** What it is told of its interface; null: it has none from its start on. */
  network: GuestNetwork | null;
  /** Runtime folder of the VM. */
  run: string;
  signal: AbortSignal | undefined;
}

export interface MachineLaunch extends MachineStart {
  disk: string;
  /** null: it has none. */
  keptDisk: string | null;
  /** null: it boots, and its memory is not kept. */
  use: SnapshotUse | null;
  origin: MachineOrigin;
  /** Done after QEMU was started and before its monitor is anybody else's. */
  beforeUse?: (lives: () => boolean) => Promise<void>;
  /** A library that QEMU is started with; null: none. */
  preload: string | null;
}

/** Starts a QEMU; resolves when its monitor answers. */
export async function launchQemu(launch: MachineLaunch): Promise<QemuMachine> {
  const { definition, vm, accelerator, network, run, signal, disk, keptDisk, use, origin, beforeUse, preload } = launch;
  const { id } = definition;
  makePrivateFolder(run);
  const boot = await bootId();
  const [{ box, namespacesFailure }, scope] = await Promise.all([probeBox(), probeScope()]);
  const gaps = gapsOf(box);
  if (gaps.length > 0) log(`QEMU of ${id} is not kept from ${gaps.join(", ")}: ${namespacesFailure}`);
  signal?.throwIfAborted();
  // Whatever an earlier QEMU made there.
  for (const name of await fsp.readdir(run)) await fsp.rm(path.join(run, name), { recursive: true, force: true });
  const { baseImage, kernel, initrd } = vm.template;
  const ram = use?.ram ?? null;
  const read = [use?.frozenDisk, ram?.isWritten === false ? ram.file : null].filter((file) => typeof file === "string");
  const qemu = await spawnQemu({
    folder: run,
    args: qemuArguments({ ...specOf({ definition, vm, accelerator, network }), id, disk, keptDisk, snapshot: use }),
    box,
    files: {
      programs: [...qemuPrograms(), ...(preload === null ? [] : [preload])],
      readOnly: [baseImage, kernel, initrd, ...read],
      disk,
      written: [...(ram?.isWritten === true ? [ram.file] : []), ...(keptDisk === null ? [] : [keptDisk])],
      folder: run,
      devices: [...DEVICES, ...(accelerator === "kvm" ? [KVM_DEVICE] : [])],
    },
    scope: scope.limits.length === 0 ? [] : scopeWords(vm.memoryMiB),
    preload,
  });
  const { pid, logPid } = qemu;
  if (pid === null) throw startFailure(await wholeLogTail(run, logPid), disk);
  const record: MachineRecord = { id, accelerator, startedAtMs: Date.now(), origin, pid, logPid, bootId: boot };
  let machine: QemuMachine | null = null;
  let isStarted = false;
  try {
    const asNew = { mode: 0o600, flag: "wx" };
    await fsp.writeFile(path.join(run, RECORD_FILE), JSON.stringify(record), asNew);
    await fsp.writeFile(path.join(run, RUNTIME_FILES.pid), `${pid}\n`, asNew);
    qemu.begin();
    await beforeUse?.(() => isAlive(pid));
    machine = await monitorOf(record, run, () => isAlive(pid), signal);
    // Long before its guest has a driver for it.
    if (network !== null) await machine?.nics.setLink(network.nic.id, false);
    isStarted = machine !== null;
  } finally {
    // Without its record, or without a monitor that answers, no later run of the application could adopt it.
    if (!isStarted) {
      machine?.release();
      await end(pid);
      await fsp.rm(path.join(run, RECORD_FILE), { force: true });
    }
  }
  if (machine === null) throw startFailure(await wholeLogTail(run, logPid), disk);
  return machine;
}

/**
 * The machine of a QEMU that was started, once its monitor answers; null where it is gone before. QEMU makes its sockets
 * within some 50 ms; there is no event for it, so connecting is tried until it succeeds, or QEMU is gone.
 */
export async function monitorOf(
  record: MachineRecord,
  run: string,
  lives: () => boolean,
  signal?: AbortSignal,
): Promise<QemuMachine | null> {
  const deadline = performance.now() + MONITOR_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    // The monitor answers before QEMU has opened the disk: it may still exit, and its log says why.
    const machine = await QemuMachine.attach(record, run);
    if (machine instanceof QemuMachine) return machine;
    if (!lives()) return null;
    if (machine === "stranger") {
      throw new AppError("hardware.monitor-failed", "Another machine answers at its monitor.");
    }
    if (performance.now() > deadline) {
      const message = `QEMU has made no monitor within ${MONITOR_TIMEOUT_MS / 1000} s.`;
      throw new AppError("hardware.monitor-failed", message, { log: logTail(run) });
    }
    await delay(10);
  }
}

export function specOf({
  definition,
  vm,
  accelerator,
  network,
}: Pick<MachineStart, "definition" | "vm" | "accelerator" | "network">) {
  const { baseImage, kernel, initrd } = vm.template;
  return {
    hostname: vm.hostname,
    accelerator,
    memoryMiB: vm.memoryMiB,
    cpus: vm.cpus ?? defaultProcessors(vm.templateCpus, accelerator),
    kernel,
    initrd,
    baseImage,
    network,
    hasNicSlots: definition.hasNicSlots === true,
    service: vm.service,
  };
}

/** @param log the end of the log of a QEMU that did not start */
function startFailure(log: string, disk: string): AppError {
  const lastLine = (log.split("\n").at(-1) || "its log is empty").replace(/^(\S+Z )?qemu-system-x86_64: /, "");
  if (/No space left/.test(log)) return noSpace(lastLine);
  if (/Failed to get .* lock/.test(log)) {
    return new AppError(
      "hardware.disk-in-use",
      `The VM's disk is in use: ${lastLine}. Another program has ${disk} open ("fuser ${disk}" names it): close it, then start the VM again.`,
      { disk, log },
    );
  }
  if (log.includes(disk) || /qcow2/i.test(lastLine)) {
    return new AppError(
      "hardware.disk-broken",
      `The VM's disk cannot be used: ${lastLine}. It is ${disk}: "qemu-img check" says more; restore a copy of it if you have one, or delete it together with the VM ("vm remove").`,
      { disk, log },
    );
  }
  return new AppError("hardware.machine-failed", `QEMU did not start: ${lastLine}`, { log });
}

/** Kills it, and waits until it is gone: what it had open is free then. */
async function end(pid: number): Promise<void> {
  if (isAlive(pid)) process.kill(pid, "SIGKILL");
  await untilGone(pid, KILL_TIMEOUT_MS);
}
