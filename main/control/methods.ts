/** What each method of the control socket does. One place: the desktop's IPC calls the same verbs of Atoll. */
import { randomUUID } from "node:crypto";
import type { WmCommand } from "#shared/ipc/contract.ts";
import type { ControlMethod, ControlParams, ControlResults, Picture } from "#shared/ipc/control.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId, VmState, VmStatus, VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import { recipeNamed } from "../../images/builder/recipes.ts";
import type { Atoll } from "../atoll.ts";
import { recipesFolder, resolvePaths } from "../base/paths.ts";
import { newDefinition } from "../vms/definition.ts";
import type { Vm } from "../vms/vm.ts";

export interface Application {
  atoll: Atoll;
  /** Ends the application, once whoever asks has the answer. */
  quit(vms: "stop" | "keep"): void;
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
    app.quit(vms);
    return null;
  },
  "desktop.screenshot": async ({ atoll }) => picture(await atoll.desktop.screenshot()),
  "problem.list": async ({ atoll }) => atoll.problems,
  "vm.list": async ({ atoll }) => atoll.statuses.map(viewOf),
  "vm.info": async ({ atoll }, { vm }) => viewOf(atoll.vm(vm).status),
  "vm.create": async ({ atoll }, params) => {
    if (params.driver === "external") {
      const { name, label, channels } = params;
      const id = randomUUID() as VmId;
      return viewOf((await atoll.create({ id, name, driver: "external", label, channels, autostart: false })).status);
    }
    if (params.network !== "none") {
      throw new AppError(
        "vm.network-unsupported",
        `Network "${params.network}" is not there yet: VMs have no network; use --network none.`,
        { network: params.network },
      );
    }
    recipeNamed(params.template, recipesFolder(resolvePaths())); // is there such a template?
    const { memory, cpus } = params;
    const definition = { ...newDefinition(params.name, params.label, params.template), memory, cpus };
    return viewOf((await atoll.create(definition)).status);
  },
  "vm.start": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    // One that starts with the desktop may be on its way, or there, already.
    if (target.state !== "starting" && target.state !== "running") await target.start();
    return settled(target, "running", waitS);
  },
  "vm.stop": async ({ atoll }, { vm, waitS }) => {
    const target = atoll.vm(vm);
    const stopping = target.stop();
    if (waitS === null) stopping.catch(() => undefined);
    else await stopping;
    return settled(target, "stopped", waitS);
  },
  "vm.kill": async ({ atoll }, { vm, waitS }) => {
    await atoll.vm(vm).kill();
    return settled(atoll.vm(vm), "stopped", waitS);
  },
  "vm.pause": async ({ atoll }, { vm, waitS }) => {
    await atoll.vm(vm).pause();
    return settled(atoll.vm(vm), "paused", waitS);
  },
  "vm.resume": async ({ atoll }, { vm, waitS }) => {
    await atoll.vm(vm).resume();
    return settled(atoll.vm(vm), "running", waitS);
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

/** The VM, once it is in the wanted state. Rejects when it ends in another, or after `waitS` seconds (vm.timeout). */
function settled(vm: Vm, wanted: VmState, waitS: number | null): Promise<VmView> {
  if (waitS === null || vm.state === wanted) return Promise.resolve(viewOf(vm.status));
  return new Promise((resolve, reject) => {
    const fail = (words: string): void => {
      reject(
        new AppError("vm.timeout", `VM "${vm.definition.name}" ${words}.`, {
          vm: vm.definition.name,
          state: vm.state,
          stateReason: viewOf(vm.status).stateReason,
          detail: vm.status.stateDetail,
        }),
      );
    };
    const look = (): void => {
      if (vm.state !== wanted && !isFinal(vm.status)) return;
      clearTimeout(timer);
      stop();
      if (vm.state === wanted) resolve(viewOf(vm.status));
      else fail(`is ${vm.state} (${viewOf(vm.status).stateReason ?? "no reason known"}) instead of ${wanted}`);
    };
    const timer = setTimeout(() => {
      stop();
      fail(`is still ${vm.state} after ${waitS} s, not ${wanted}`);
    }, waitS * 1000);
    const stop = vm.on("changed", look);
    look();
  });
}
