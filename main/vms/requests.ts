/** What can be asked of VMs, for the page and the `atoll` command alike. */
import type { vmContract } from "#shared/ipc/vm.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { withinQuotes } from "#shared/model/text.ts";
import { isGuestsWord, isIdleService, type VmState, type VmStatus, type VmView } from "#shared/model/vm.ts";
import type { Application } from "../application.ts";
import { log } from "../base/log.ts";
import { waitFor } from "../base/waiting.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import type { Vm } from "./vm.ts";

/** What is said of a new machine at the desktop. */
const OPTIONS_OF_PAGE: readonly string[] = ["template", "memory", "cpus", "network", "via"];

interface Parts {
  application: Application;
  page: Page;
}

export function vmHandlers({ application, page }: Parts): Handlers<typeof vmContract> {
  return {
    "vm.list": () => application.statuses.filter((status) => !isIdleService(status)).map(viewOf),
    "vm.info": ({ vm }) => viewOf(application.vm(vm).status),
    "vm.create": async ({ name, label, role, machine }, caller) => {
      const foreign = Object.keys(machine).find((option) => !OPTIONS_OF_PAGE.includes(option));
      if (caller.from === "page" && foreign !== undefined)
        throw new AppError("usage.bad-argument", `A VM with the option "${foreign}" is made by the command alone.`, {});
      const target = await application.create(name, { label, role }, machine);
      // Who runs it has started it. Where that fails the VM is there all the same, and its state says why.
      if (!target.capabilities.runsMachine) await target.start().catch(() => undefined);
      return viewOf(target.status);
    },
    "vm.set": async ({ vm, label, role, via, ...options }) => {
      const names = (["memory", "cpus", "network"] as const).filter((option) => options[option] !== undefined);
      const machine: Record<string, string | number> = Object.fromEntries(
        names.map((option) => [option, options[option] ?? 0]),
      );
      if (via !== undefined) machine["via"] = via;
      const before = application.vm(vm).status.network;
      const target = await application.change(vm, { label, role }, machine);
      // An interface that the machine has from its start is joined otherwise, or cut, at once.
      const later = names.filter((option) => option !== "network" || before === "none");
      return { vm: viewOf(target.status), fromNextStart: target.isOn ? later : [] };
    },
    "vm.start": async ({ vm, waitS }) => {
      const target = application.vm(vm);
      return settled(target, target.isUnderWay ? Promise.resolve() : target.start(), "running", waitS);
    },
    "vm.stop": async ({ vm, waitS }) => {
      const target = application.vm(vm);
      const stopped = target.stop();
      if (waitS !== null) return settled(target, stopped, "stopped", waitS);
      await begun(target, stopped, "stopping");
      stopped.catch((error: unknown) => log(`${target.definition.name}: ${messageOf(error)}`));
      return viewOf(target.status);
    },
    "vm.kill": async ({ vm, waitS, confirm }) => {
      const target = application.vm(vm);
      if (confirm && target.isOn && !(await isConfirmed(page, target))) return viewOf(target.status);
      return settled(target, target.kill(), "stopped", waitS);
    },
    "vm.pause": async ({ vm, waitS }) => {
      const target = application.vm(vm);
      return settled(target, target.pause(), "paused", waitS);
    },
    "vm.resume": async ({ vm, waitS }) => {
      const target = application.vm(vm);
      return settled(target, target.resume(), "running", waitS);
    },
    "vm.remove": async ({ vm }) => {
      const { definition, status } = application.vm(vm);
      const view = viewOf(status);
      if (definition.service !== undefined)
        throw new AppError(
          "vm.unsupported",
          `VM "${definition.name}" belongs to the service of that name: "atoll service remove" takes both away.`,
          { vm: definition.name },
        );
      await application.remove(vm);
      return view;
    },
  };
}

/** The page is notified of each change, at most once a turn of the event loop. */
export function sendVmEvents({ application, page }: Parts): void {
  let isDue = false;
  application.on("changed", () => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      page.send("vm.changed", application.statuses);
    });
  });
}

/** The person at the desktop says whether it shall lose its power. One that is off meanwhile is not asked about any more. */
async function isConfirmed(page: Page, vm: Vm): Promise<boolean> {
  const ended = new AbortController();
  const stop = vm.on("changed", () => {
    if (!vm.isOn) ended.abort();
  });
  try {
    return (await page.askUntilAnswered("vm.kill", { vm: vm.id }, { signal: ended.signal })) ?? false;
  } finally {
    stop();
  }
}

/** The contract's fields and reasons alone: how the agent was lost, and what the machine began from, is for the desktop. */
function viewOf(status: VmStatus): VmView {
  const { startPhase: _, stateDetail: __, origin: ___, networkDetail: ____, ...rest } = status;
  const { memoryMiB: _memory, cpus: _cpus, isInDoubt: _isInDoubt, ...view } = rest;
  return { ...view, stateReason: view.stateReason === "agent-exited" ? "agent-lost" : view.stateReason };
}

/** Whether it does not leave its state by itself. */
function isFinal({ state, stateReason }: VmStatus): boolean {
  if (state === "stopped" || state === "crashed" || stateReason === "protocol-violation") return true;
  return state === "paused" && stateReason !== null;
}

/**
 * The VM, once `order` is done and, where somebody waits, it is in the wanted state. Rejects when the order fails, when the
 * VM ends in another state, or after `waitS` seconds of both (vm.timeout); the order goes on then.
 */
async function settled(vm: Vm, order: Promise<void>, wanted: VmState, waitS: number | null): Promise<VmView> {
  if (waitS === null) await order;
  else await settledWithin(vm, order, wanted, waitS);
  return viewOf(vm.status);
}

function settledWithin(vm: Vm, order: Promise<void>, wanted: VmState, waitS: number): Promise<void> {
  const failure = (words: string): AppError => {
    const { stateReason } = viewOf(vm.status);
    const { stateDetail: detail } = vm.status;
    const last = isGuestsWord(vm.status) ? ` It said last: "${withinQuotes(detail)}"` : ` ${detail}`;
    return new AppError("vm.timeout", `VM "${vm.definition.name}" ${words}${detail === "" ? "." : `:${last}`}`, {
      vm: vm.definition.name,
      state: vm.state,
      stateReason,
      detail,
    });
  };
  return waitFor({
    listen: ({ resolve, reject }) => {
      let isDone = false;
      const look = (): void => {
        if (!isDone) return;
        if (vm.state === wanted) resolve();
        else if (isFinal(vm.status))
          reject(
            failure(`is ${vm.state} (${viewOf(vm.status).stateReason ?? "no reason known"}) instead of ${wanted}`),
          );
      };
      order.then(() => {
        isDone = true;
        look();
      }, reject);
      return vm.on("changed", look);
    },
    timeoutMs: waitS * 1000,
    onTimeout: ({ reject }) => reject(failure(`is still ${vm.state} after ${waitS} s, not ${wanted}`)),
  });
}

/** Resolves when the VM is in the state that a long order begins with, or as the order when that is over before. */
function begun(vm: Vm, order: Promise<void>, state: VmState): Promise<void> {
  return waitFor({
    listen: ({ resolve, reject }) => {
      const look = (): void => {
        if (vm.state === state) resolve();
      };
      order.then(resolve, reject);
      look();
      return vm.on("changed", look);
    },
  });
}
