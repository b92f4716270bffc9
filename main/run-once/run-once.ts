/**
 * A service without the application: a VM of its folder gets one job, and is gone. It goes on from the memory of a guest of this very
 * program that has come up, which the first time makes and leaves in the cache.
 */
import { randomUUID } from "node:crypto";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { stateWords, type VmId } from "#shared/model/vm.ts";
import { buildTemplate, type Progress, resolveCacheDir } from "../../images/builder/index.ts";
import type { Paths } from "../base/paths.ts";
import { waitFor } from "../base/waiting.ts";
import { registered } from "../hardware/drivers.ts";
import { QEMU } from "../hardware/qemu/definition.ts";
import { QemuDriver } from "../hardware/qemu/driver.ts";
import { recordedMachines } from "../hardware/qemu/recorded-machines.ts";
import { qemuTemplates } from "../hardware/qemu/templates.ts";
import { localLink } from "../link/local-link.ts";
import { newDefinition } from "../vms/definition.ts";
import { program as programClient } from "../vms/services/program.ts";
import { Vm } from "../vms/vm.ts";
import { ServiceCatalog, type Service } from "../services/catalog.ts";
import { makeOnceHome, removeLeftHomes } from "./once-home.ts";

export interface RunOnce {
  service: Service;
  input: unknown;
  agentFolder: string;
  recipesFolder: string | null;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** What the program, or its VM, says meanwhile. */
  onLog: (line: string) => void;
}

/** The program's answer. Rejects with template.*, hardware.*, service.*. */
export async function runOnce({ service, input, signal, ...options }: RunOnce): Promise<unknown> {
  const { manifest } = service;
  const { name, memory, cpus, keepsFiles } = manifest;
  const { agentFolder, recipesFolder, onProgress } = options;
  let isOver = false;
  // That its link is lost when its VM is killed is no news.
  const onLog = (line: string): void => {
    if (!isOver) options.onLog(line);
  };
  const home = await makeOnceHome();
  const { paths } = home;
  const catalog = new ServiceCatalog({ builtIns: [service], stateFolder: paths.state, recipesFolder });
  const folders = {
    agentFolder: () => agentFolder,
    recipesFolder: recipesFolder ?? "",
    services: catalog,
  };
  // A job needs no network.
  const guestNetwork = (): Promise<never> => Promise.reject(new Error("it has no network"));
  const driverIn = (place: Paths): QemuDriver => new QemuDriver(place, { ...qemuTemplates(folders), guestNetwork });
  const driver = registered(QEMU, driverIn(paths));
  let vm: Vm | null = null;
  try {
    await removeLeftHomes(async (left) => {
      for (const id of await recordedMachines(left)) {
        const found = await driverIn(left).adopt({ id });
        if (found !== null && "kill" in found) await found.kill();
      }
    }, onLog);
    await buildTemplate({ recipe: catalog.recipe(name), cacheDir: resolveCacheDir(), signal, onProgress });
    const machine = driver.define({ template: name, service: name, memory, cpus, network: "none" });
    const definition = {
      ...newDefinition(name, { label: "slate", role: "service" }, { driver: QEMU.name, ...machine }),
      service: name,
      startsFresh: true,
      keepsFiles,
    };
    // Without it, it boots for this job alone.
    await driver
      .prepare({ ...definition, id: randomUUID() as VmId, name: "snapshot" }, signal)
      .catch((error: unknown) => onLog(`It boots, as no memory of it can be kept: ${messageOf(error)}`));
    signal.throwIfAborted();
    const made = new Vm(
      { ...definition, id: randomUUID() as VmId },
      {
        driver,
        spawnLink: () => localLink(),
        output: () => ({ width: 640, height: 480, scale120: 120, refreshMhz: 60_000 }),
        keymap: () => ({ rules: "", model: "", layout: "", variant: "", options: "" }),
        log: onLog,
      },
    );
    vm = made;
    return await answered(made, manifest.health.withinS, input, signal, onLog).catch(async (error: unknown) => {
      // What it went on from may be what is wrong with it.
      const hasGoneOn = made.status.origin !== "cold";
      if (hasGoneOn && toErrorValue(error).code === "service.not-healthy") await driver.unprepare(made.definition);
      throw error;
    });
  } finally {
    isOver = true;
    if (vm?.isOn === true) await vm.kill().catch(() => undefined);
    vm?.release();
    await home.remove();
  }
}

async function answered(
  vm: Vm,
  withinS: number,
  input: unknown,
  signal: AbortSignal,
  onLog: (line: string) => void,
): Promise<unknown> {
  const program = vm.service(programClient);
  const { name } = vm.definition;
  const healthy = waitFor({
    listen: ({ resolve, reject }) => {
      const ends = [
        program.on("report", (message) => {
          if (message.type === "health" && message.state === "ok") resolve();
          if (message.type === "log") onLog(`${message.level}: ${message.text}`);
          if (message.type === "health" && message.state === "failing") onLog(`failing: ${message.detail}`);
        }),
        program.on("refused", (reason) => onLog(`the program: ${reason}`)),
        program.on("gone", () => onLog("the program has ended; the guest starts it again")),
        vm.on("changed", () => {
          const { status } = vm;
          if (status.state !== "crashed" && status.state !== "stopped") return;
          const words = stateWords(status);
          const message = `The VM of service "${name}" has ended${words === "" ? "" : `: ${words}`}.`;
          reject(new AppError("service.not-healthy", message, { service: name }));
        }),
      ];
      return () => ends.forEach((end) => end());
    },
    timeoutMs: withinS * 1_000,
    onTimeout: ({ reject }) =>
      reject(
        new AppError("service.not-healthy", `Service "${name}" has not been healthy within ${withinS} s.`, {
          service: name,
        }),
      ),
    signal,
  });
  healthy.catch(() => undefined);
  await vm.start();
  await healthy;
  return program.job(input, signal);
}
