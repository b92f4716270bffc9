/**
 * What was open in each VM when it last ran, in a file: a VM that is off shows it, and can be started with the same programs.
 * No title of a vault's window is kept, and nothing at all of disposables and services. Written at most once in WRITE_INTERVAL_MS.
 */
import fs from "node:fs";
import path from "node:path";
import { z } from "zod";
import { messageOf } from "#shared/model/app-error.ts";
import { type LastWindow, lastWindow, MAX_LAST_WINDOWS } from "#shared/model/last-windows.ts";
import { cleanText } from "#shared/model/text.ts";
import { VM_ID_PATTERN, type VmId, type VmStatus } from "#shared/model/vm.ts";
import type { GuestWindow } from "#shared/model/window.ts";
import { log } from "../base/log.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";

const WRITE_INTERVAL_MS = 1_000;
const MAX_TITLE = 120;
const lastWindowsSchema = z.record(z.string().regex(VM_ID_PATTERN), z.array(lastWindow).min(1).max(MAX_LAST_WINDOWS));

/** What is needed of a VM. */
export interface WindowedVm {
  readonly id: VmId;
  readonly status: Pick<VmStatus, "state" | "role">;
  readonly windows: { readonly isFrozen: boolean; values(): Iterable<GuestWindow> };
}

export interface LastWindowsOptions {
  stateFolder: string;
  vms: () => readonly WindowedVm[];
  /** Whether `vms` are all that there are: what is kept of others is dropped. */
  isComplete: () => boolean;
}

export class LastWindows {
  readonly #options: LastWindowsOptions;
  readonly #file: string;
  readonly #kept: Map<VmId, readonly LastWindow[]>;
  /** VMs that have had a window since they were started: what is kept of them is of now. */
  readonly #current = new Set<VmId>();
  /** VMs that were seen to shut down: their windows are closing one by one. */
  #stopping: ReadonlySet<VmId> = new Set();
  /** What stands in the file, as far as it is known. */
  #written: string;
  /** Runs from a change to the look at it. */
  #timer: NodeJS.Timeout | null = null;

  /** Reads the file. Nobody wrote it by hand: one that cannot be read is ignored, and the log says so. */
  constructor(options: LastWindowsOptions) {
    this.#options = options;
    this.#file = path.join(options.stateFolder, "last-windows.json");
    this.#kept = read(this.#file);
    this.#written = this.#text();
  }

  /** Windows have opened or closed, or a VM has another state. */
  changed(): void {
    // A VM that is off, or has been started anew, is seen at once; what its windows did in their last moment is not.
    this.#forgetEnded();
    this.#keepStopping();
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#look();
    }, WRITE_INTERVAL_MS);
  }

  /** Those that were open when the VM last ran, while none has been opened since. */
  of(vm: VmId): readonly LastWindow[] {
    return this.#current.has(vm) ? [] : (this.#kept.get(vm) ?? []);
  }

  /** Keeps what is open. Call it before the application stops VMs, or ends. */
  flush(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#look();
  }

  #forgetEnded(): void {
    for (const { id, status } of this.#options.vms())
      if (status.state === "stopped" || status.state === "crashed" || status.state === "starting")
        this.#current.delete(id);
  }

  /** What was opened a moment ago, and not looked at yet, is open when its VM begins to stop. */
  #keepStopping(): void {
    const stopping = this.#options.vms().filter(({ status }) => status.state === "stopping");
    for (const vm of stopping) if (!this.#stopping.has(vm.id)) this.#keepOpen(vm);
    this.#stopping = new Set(stopping.map(({ id }) => id));
  }

  #look(): void {
    const vms = this.#options.vms();
    if (this.#options.isComplete()) {
      const ids = new Set(vms.map(({ id }) => id));
      for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
    }
    for (const vm of vms) this.#keep(vm);
    this.#write();
  }

  #keep(vm: WindowedVm): void {
    const { id, status, windows } = vm;
    if (status.state !== "running" || windows.isFrozen || this.#keepOpen(vm)) return;
    // It may have been started a moment ago, and shows nothing yet.
    if (this.#current.has(id)) this.#kept.delete(id);
  }

  /** Returns whether any is. */
  #keepOpen({ id, status: { role }, windows }: WindowedVm): boolean {
    if (role === "disposable" || role === "service") return false;
    const open = shown(windows.values(), role === "vault");
    if (open.length === 0) return false;
    this.#current.add(id);
    this.#kept.set(id, open);
    return true;
  }

  #text(): string {
    return JSON.stringify(Object.fromEntries(this.#kept));
  }

  #write(): void {
    const text = this.#text();
    if (text === this.#written) return;
    try {
      writeFileAtomicallySync(this.#file, text);
      this.#written = text;
    } catch (error) {
      log(`the last windows are not saved: ${messageOf(error)}`);
    }
  }
}

/** Without dialogs, each only once. */
function shown(windows: Iterable<GuestWindow>, isSecret: boolean): LastWindow[] {
  const kept = new Map<string, LastWindow>();
  for (const { parent, title, appId } of windows) {
    if (parent !== null || appId === "") continue;
    const window = { title: isSecret ? "" : cleanText(title, MAX_TITLE), appId };
    kept.set(JSON.stringify(window), window);
  }
  return [...kept.values()].slice(0, MAX_LAST_WINDOWS);
}

function read(file: string): Map<VmId, readonly LastWindow[]> {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch {
    return new Map();
  }
  try {
    return new Map(Object.entries(lastWindowsSchema.parse(JSON.parse(text))) as [VmId, LastWindow[]][]);
  } catch {
    log(`${file} is damaged: no last windows are shown`);
    return new Map();
  }
}
