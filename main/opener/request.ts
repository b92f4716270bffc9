/** What the opener is asked, and what it answers. */
import type { OpenStep } from "#shared/model/open.ts";
import type { WindowId } from "#shared/model/window.ts";
import type { SafeCopy } from "../safe-copies/pages-output.ts";
import type { Vm } from "../vms/vm.ts";
import type { OpenItem } from "./item.ts";

export interface OpenRequest {
  readonly item: OpenItem;
  /** Who has it; null: the host. */
  readonly from: Vm | null;
  /** Where a person wants it, at the host or in `from`; null: as the rules say. */
  readonly in:
    { readonly kind: "vm"; readonly vm: Vm } | { readonly kind: "disposable" } | { readonly kind: "safe" } | null;
  readonly edit: boolean;
  /** Number of what a program of `from` has asked for; null: a person asks, at the host. */
  readonly wanted: number | null;
}

export interface OpenOptions {
  /** Aborted: whoever asked has gone, and it is not opened. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted: the person's answer is waited for no longer. */
  readonly askSignal?: AbortSignal | undefined;
  /** `vm`: which VM it waits for, for people; left out of `asking`. */
  readonly progress?: (step: OpenStep, vm?: string, pages?: { readonly done: number; readonly of: number }) => void;
}

export interface Opened {
  /** `here`, where a program of the guest has asked: its agent is left to open it. */
  readonly decision: "here" | "vm" | "disposable" | "safe";
  /** The copy in `vm` that is opened, where the decision is `safe`. */
  readonly safe?: SafeCopy;
  readonly vm: Vm;
  /** null: it shows in no window of its own. */
  readonly windowId: WindowId | null;
  /** Of open.yaml; null: a person said where, or none matches. */
  readonly rule: { readonly line: number; readonly text: string } | null;
  /** Resolves when the window is closed and what was edited is back: whether any of it came. Rejects when `signal` is aborted. */
  finished(signal?: AbortSignal): Promise<boolean>;
}
