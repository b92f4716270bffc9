/** The control socket's contract: JSON-RPC 2.0 methods with their parameters (parsed by the application) and results. */
import { z } from "zod";
import { LABEL_NAMES } from "../model/label.ts";
import { socketPath } from "../model/socket-path.ts";
import type { VmView } from "../model/vm.ts";
import type { WindowId, WindowView } from "../model/window.ts";
import type { FileProblem } from "../model/yaml-file.ts";
import type { AppView } from "./contract.ts";

/** Names are looked up, or checked where they are new: a hostile one is "not found", or "bad name". */
const vm = z.string().max(10_000);
const window = z.string().max(10_000);
const coordinate = z.number().min(-32_767).max(32_767);
const size = z.number().min(1).max(16_384);
const texts = z.array(z.string().max(48 * 1024)).max(1024);
const waitS = z.number().min(0).max(86_400).nullable();
const vmCommand = z.strictObject({ vm, waitS });
const windowCommand = z.strictObject({ window });

export const controlSchemas = {
  "desktop.raise": z.strictObject({}),
  "desktop.quit": z.strictObject({ vms: z.enum(["stop", "keep"]) }),
  "desktop.screenshot": z.strictObject({}),
  /** Files of a person (VM definitions, settings) that are not used, because something is wrong with them. */
  "problem.list": z.strictObject({}),
  "vm.list": z.strictObject({}),
  "vm.info": z.strictObject({ vm }),
  "vm.create": z.discriminatedUnion("driver", [
    z.strictObject({
      driver: z.literal("qemu"),
      name: vm,
      label: z.enum(LABEL_NAMES),
      template: vm,
      memory: z.int().min(64).max(1_048_576).nullable(),
      cpus: z.int().min(1).max(64).nullable(),
      network: z.enum(["none", "firewall", "direct"]),
    }),
    z.strictObject({
      driver: z.literal("external"),
      name: vm,
      label: z.enum(LABEL_NAMES),
      channels: z.strictObject({ control: socketPath, frames: socketPath, bulk: socketPath }),
    }),
  ]),
  "vm.start": vmCommand,
  "vm.stop": vmCommand,
  "vm.kill": vmCommand,
  "vm.pause": vmCommand,
  "vm.resume": vmCommand,
  "vm.remove": vmCommand,
  "app.list": z.strictObject({ vm: vm.nullable() }),
  "app.run": z.strictObject({
    vm,
    program: z.union([
      z.strictObject({ appId: z.string().min(1).max(256), files: texts }),
      z.strictObject({ argv: texts.min(1) }),
    ]),
    waitWindowS: waitS,
  }),
  "window.list": z.strictObject({}),
  "window.focus": windowCommand,
  "window.close": windowCommand,
  "window.minimize": windowCommand,
  "window.maximize": windowCommand,
  "window.restore": windowCommand,
  "window.move": z.strictObject({
    window,
    x: coordinate,
    y: coordinate,
    width: size.nullable(),
    height: size.nullable(),
  }),
  "window.screenshot": windowCommand,
  "exec.start": z.strictObject({
    vm,
    argv: texts.min(1),
    tty: z
      .strictObject({ columns: z.int().min(1).max(10_000), rows: z.int().min(1).max(10_000), term: z.string().max(64) })
      .nullable(),
  }),
  /** Answered when the guest has taken the bytes. */
  "exec.write": z.strictObject({ data: z.base64() }),
} satisfies Record<string, z.ZodType>;

export type ControlMethod = keyof typeof controlSchemas;
export type ControlParams<Method extends ControlMethod> = z.infer<(typeof controlSchemas)[Method]>;

export interface DoctorCheck {
  id: string;
  status: "ok" | "warn" | "fail";
  detail: string;
  remedy: string;
}

/** A PNG picture. */
export interface Picture {
  base64: string;
}

export interface ControlResults {
  "desktop.raise": null;
  /** Comes when the VMs have stopped, where they shall; the application ends when its client has it. */
  "desktop.quit": { notStopped: string[] };
  "desktop.screenshot": Picture;
  "problem.list": FileProblem[];
  "vm.list": VmView[];
  "vm.info": VmView;
  "vm.create": VmView;
  "vm.start": VmView;
  "vm.stop": VmView;
  "vm.kill": VmView;
  "vm.pause": VmView;
  "vm.resume": VmView;
  "vm.remove": VmView;
  "app.list": AppView[];
  "app.run": { pid: number; launch: number; windowId?: WindowId };
  "window.list": WindowView[];
  "window.focus": WindowView;
  "window.close": WindowView;
  "window.minimize": WindowView;
  "window.maximize": WindowView;
  "window.restore": WindowView;
  "window.move": WindowView;
  "window.screenshot": Picture;
  "exec.start": null;
  "exec.write": null;
}

/** Notifications of a connection's one exec. Client -> application: endInput, grant, signal, resize. */
export const execNoticeSchemas = {
  "exec.endInput": z.strictObject({}),
  "exec.grant": z.strictObject({
    stream: z.enum(["stdout", "stderr"]),
    bytes: z
      .int()
      .min(1)
      .max(1024 * 1024),
  }),
  "exec.signal": z.strictObject({ signal: z.int().min(1).max(64) }),
  "exec.resize": z.strictObject({ columns: z.int().min(1).max(10_000), rows: z.int().min(1).max(10_000) }),
} satisfies Record<string, z.ZodType>;

export type ExecNotice = keyof typeof execNoticeSchemas;
export type ExecNoticeParams<Name extends ExecNotice> = z.infer<(typeof execNoticeSchemas)[Name]>;

/** Application -> client. */
export interface ExecNotices {
  "exec.output": { stream: "stdout" | "stderr"; data: string };
  /** Comes after all output. */
  "exec.exited": { code: number; signal: number };
  "exec.failed": { code: string; message: string; details: Record<string, unknown> };
}
