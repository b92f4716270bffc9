/** What each method of the control socket does. One place: the desktop's IPC calls the same verbs of Atoll. */
import type { WmCommand } from "#shared/ipc/contract.ts";
import type { ControlMethod, ControlParams, ControlResults, Picture } from "#shared/ipc/control.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import type { VmState, VmStatus, VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import type { Atoll } from "../atoll.ts";
import { log } from "../base/log.ts";
import type { Vm } from "../vms/vm.ts";

export interface Application {
  atoll: Atoll;
  /** Resolves when all VMs have stopped, or have failed to: with the names of those. */
  stopVms(): Promise<string[]>;
  /** Ends the application, once whoever asks has the answer. */
  quit(): void;
}

/** Methods that answer and are done; exec.* belongs to its connection (exec-channel.ts). */
type Method = Exclude<ControlMethod, `exec.${string}`>;
type Methods = { [Name in Method]: (app: Application, params: ControlParams<Name>) => Promise<ControlResults[Name]> };

export const methods: Methods = {
  "desktop.raise": async ({ atoll }) => {
    atoll.desktop.raise();
    return null;
  },
  "desktop.quit": async (app, { vms }) => {
    const notStopped = vms === "stop" ? await app.stopVms() : [];
    app.quit();
    return { notStopped };
  },
  "desktop.screenshot": async ({ atoll }) => picture(await atoll.desktop.screenshot()),
  "problem.list": async ({ atoll }) => atoll.problems,
  "vm.list": async ({ atoll }) => atoll.statuses.map(viewOf),
  "vm.info": async ({ atoll }, { vm }) => viewOf(atoll.vm(vm).status),
  "vm.create": async ({ atoll }, { name, label, ...machine }) => {
    const target = await atoll.create(name, label, machine);
    // Who runs it has started it. Where that fails the VM is there all the same, and its state says why.
    if (!target.capabilities.runsMachine) await target.start().catch(() => undefined);
    return viewOf(target.status);
  },
  "vm.start": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    return settled(target, target.isUnderWay ? Promise.resolve() : target.start(), "running", waitS);
  },
  "vm.stop": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    const stopped = target.stop();
    if (waitS !== null) return settled(target, stopped, "stopped", waitS);
    await begun(target, stopped, "stopping");
    stopped.catch((error: unknown) => log(`${target.definition.name}: ${toErrorValue(error).message}`));
    return viewOf(target.status);
  },
  "vm.kill": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    return settled(target, target.kill(), "stopped", waitS);
  },
  "vm.pause": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    return settled(target, target.pause(), "paused", waitS);
  },
  "vm.resume": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    return settled(target, target.resume(), "running", waitS);
  },
  "vm.remove": async ({ atoll }, { vm }) => {
    const view = viewOf(atoll.vm(vm).status);
    await atoll.remove(vm);
    return view;
  },
  "app.list": async ({ atoll }, { vm }) => atoll.apps(vm),
  "app.run": async ({ atoll }, { vm, program, waitWindowS }) =>
    atoll.run(vm, program, waitWindowS === null ? null : waitWindowS * 1000),
  "window.list": async ({ atoll }) => atoll.windows(),
  "window.focus": async (app, { window }) => windowCommand(app, window, "focus"),
  "window.close": async (app, { window }) => windowCommand(app, window, "close"),
  "window.minimize": async (app, { window }) => windowCommand(app, window, "minimize"),
  "window.maximize": async (app, { window }) => windowCommand(app, window, "maximize"),
  "window.restore": async (app, { window }) => windowCommand(app, window, "restore"),
  "window.move": async ({ atoll }, { window, x, y, width, height }) => {
    const target = atoll.window(window);
    await atoll.desktop.command({ type: "move", window: target.id, x, y, width, height });
    return windowView(atoll, target.id);
  },
  "window.screenshot": async ({ atoll }, { window }) => {
    const png = await atoll.desktop.command({ type: "screenshot", window: atoll.window(window).id });
    if (!(png instanceof Uint8Array)) throw new AppError("internal", "The desktop gave no picture.");
    return picture(png);
  },
};

async function windowCommand(
  { atoll }: Application,
  window: string,
  type: Exclude<WmCommand["type"], "move" | "screenshot">,
): Promise<WindowView> {
  const target = atoll.window(window);
  const before = windowView(atoll, target.id);
  await atoll.desktop.command({ type, window: target.id });
  if (type === "close") {
    if (target.vm.windows.isFrozen) target.vm.dismiss(target.surface);
    return before;
  }
  return windowView(atoll, target.id);
}

function windowView(atoll: Atoll, id: string): WindowView {
  const view = atoll.windows().find((window) => window.id === id);
  if (view === undefined) throw new AppError("window.not-found", `Window ${id} was closed meanwhile.`, { window: id });
  return view;
}

function picture(png: Uint8Array): Picture {
  return { base64: Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString("base64") };
}

/** The contract's fields and reasons alone: how the agent was lost is for the desktop. */
function viewOf(status: VmStatus): VmView {
  const { startPhase: _, stateDetail: __, ...view } = status;
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
  return new Promise((resolve, reject) => {
    let isDone = false;
    const finish = (act: () => void): void => {
      clearTimeout(timer);
      stop();
      act();
    };
    const fail = (words: string): void => {
      const { stateReason } = viewOf(vm.status);
      const { stateDetail: detail } = vm.status;
      reject(
        new AppError("vm.timeout", `VM "${vm.definition.name}" ${words}${detail === "" ? "." : `: ${detail}`}`, {
          vm: vm.definition.name,
          state: vm.state,
          stateReason,
          detail,
        }),
      );
    };
    const look = (): void => {
      if (!isDone) return;
      if (vm.state === wanted) finish(resolve);
      else if (isFinal(vm.status))
        finish(() =>
          fail(`is ${vm.state} (${viewOf(vm.status).stateReason ?? "no reason known"}) instead of ${wanted}`),
        );
    };
    const timer = setTimeout(
      () => finish(() => fail(`is still ${vm.state} after ${waitS} s, not ${wanted}`)),
      waitS * 1000,
    );
    const stop = vm.on("changed", look);
    order.then(
      () => {
        isDone = true;
        look();
      },
      () => finish(() => resolve(order)),
    );
  });
}

/** Resolves when the VM is in the state that a long order begins with, or as the order when that is over before. */
function begun(vm: Vm, order: Promise<void>, state: VmState): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (vm.state === state) end(Promise.resolve());
    };
    const end = (outcome: Promise<void>): void => {
      stop();
      resolve(outcome);
    };
    const stop = vm.on("changed", look);
    look();
    order.then(
      () => end(order),
      () => end(order),
    );
  });
}
