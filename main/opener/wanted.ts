/** What programs of guests want opened: each request is answered once, whatever becomes of it. */
import { toErrorValue } from "#shared/model/app-error.ts";
import type { Vm } from "../vms/vm.ts";
import { fileItem, linkItem, type OpenItem, shownItem } from "./item.ts";
import type { Opener } from "./opener.ts";
import type { OpenerParts } from "./parts.ts";
import { noHandler } from "./programs.ts";
import { tellFailure } from "./tell-failure.ts";

/** As the guest says it. */
export interface WantedOpen {
  wanted: number;
  target: { kind: "url"; url: string } | { kind: "file"; path: Uint8Array; mimeType: string };
  /** A person there has chosen to edit it. */
  edit: boolean;
  /** It asks for a disposable VM. Whether a person there has chosen that, only the guest knows. */
  disposable: boolean;
  /** It was answered `here` before, and no program there opens it. */
  noProgram: boolean;
}

/** `here`: the agent opens it with a program of its guest. `detail`: for the program that has asked. */
export type AnswerWanted = (outcome: "here" | "elsewhere" | "denied" | "failed", detail: string) => void;

/**
 * Never rejects.
 * @param signal aborted: the guest waits no more
 */
export async function openWanted(
  opener: Opener,
  { application, page, programs }: Pick<OpenerParts, "application" | "page" | "programs">,
  vm: Vm,
  { wanted, target, edit, disposable, noProgram }: WantedOpen,
  answer: AnswerWanted,
  signal: AbortSignal,
): Promise<void> {
  let item: OpenItem;
  try {
    item = target.kind === "url" ? linkItem(target.url) : fileItem(target.path, target.mimeType);
  } catch (error) {
    return answer("failed", toErrorValue(error).message);
  }
  try {
    // A file manager shows nothing of it: without these words a double-click would do nothing at all.
    if (noProgram)
      throw await noHandler(vm, item, item.kind === "file" ? (item.type ?? "") : "", { application, programs });
    const place = disposable ? ({ kind: "disposable" } as const) : null;
    const request = { item, from: vm, in: place, edit, wanted };
    const { decision } = await opener.open(request, { signal, askSignal: signal });
    answer(decision === "here" ? "here" : "elsewhere", "");
  } catch (error) {
    const { code, message } = toErrorValue(error);
    const isDenied = code === "policy.denied" || code === "policy.unanswered";
    answer(isDenied ? "denied" : "failed", message);
    const from = application.parties.find(({ id }) => id === vm.id);
    if (from !== undefined && !signal.aborted) tellFailure(page, shownItem(item), from, error);
  }
}
