/** What the opener works with. */
import type { AppView } from "#shared/model/app.ts";
import type { Crossings } from "../crossings/crossings.ts";
import type { DisposableRequest, DisposableVms } from "../disposables/disposables.ts";
import type { StartTransfer } from "../files/transfer.ts";
import type { Page } from "../ipc/page.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import type { SafeCopies } from "../safe-copies/safe-copies.ts";
import type { Vm } from "../vms/vm.ts";
import type { Comparisons } from "./comparisons.ts";
import type { KnownPrograms } from "./known-programs.ts";
import type { OpenRules } from "./open-rules.ts";
import type { TemplatePrograms } from "./template-programs.ts";

/** In a guest, what an agent opens with a program that it has for it. */
export type OpenTarget = { kind: "url"; url: string } | { kind: "file"; path: Uint8Array };

export interface SavedFile {
  /** Bytes, as the guest says. */
  size: number;
}

/** What the agents of guests do for the opener. */
export interface GuestOpening {
  /**
   * Resolves when the program runs; `request` is what its windows name as their launch.
   * @throws AppError app.not-found, with the type as `details.type`; app.launch-failed, vm.*
   */
  open(vm: Vm, target: OpenTarget): Promise<{ pid: number; request: number }>;
  /** Calls `saved` whenever the file was saved. Returns a function that ends that. @throws AppError vm.not-running, vm.busy */
  watch(vm: Vm, path: Uint8Array, saved: (file: SavedFile) => void): () => void;
}

/** What is known of programs where nobody can be asked. */
export interface ProgramLists {
  /** Of VMs that ran once. */
  known: Pick<KnownPrograms, "programFor">;
  /** Of templates that are built. */
  templates(): Promise<readonly TemplatePrograms[]>;
}

export interface OpenerParts {
  /** VMs that there are, and what programs they have. */
  application: {
    readonly vms: readonly Vm[];
    readonly parties: readonly VmParty[];
    vm(nameOrId: string): Vm;
    /** Of one VM that runs. */
    apps(nameOrId: string): Promise<AppView[]>;
  };
  programs: ProgramLists;
  policy: Pick<Policy, "decide">;
  crossings: Pick<Crossings, "request" | "ended" | "afterDenial">;
  rules: Pick<OpenRules, "current" | "set">;
  page: Page;
  disposables: Pick<DisposableVms, "start" | "end" | "hold">;
  /** Disposables for files, of which one may wait. @throws AppError disposable.*, template.*, vm.* */
  viewers: {
    startForFile(request: DisposableRequest, options: { signal?: AbortSignal | undefined }): Promise<{ vmId: VmId }>;
  };
  startTransfer: StartTransfer;
  safeCopies: Pick<SafeCopies, "canBeMade" | "known" | "make">;
  /** Hears of each file that was opened, by its absolute path in `vm` or on the host. */
  recent: { opened(vm: VmId | null, path: Uint8Array): void };
  comparisons: Pick<Comparisons, "add">;
  guests: GuestOpening;
}
