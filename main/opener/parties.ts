/** An opening in the words of the policy, of transfers and of prompts. Pure. */
import { AppError } from "#shared/model/app-error.ts";
import { MAX_PREVIEW_CHARACTERS } from "#shared/model/crossing.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import { cleanText, utf8Bytes } from "#shared/model/text.ts";
import type { CrossingOutcome, PreviewSource } from "../crossings/crossing-request.ts";
import { nameOf } from "../files/names.ts";
import type { FilesParty, TransferEnd } from "../files/transfer.ts";
import { type Crossing, HOST, type Party, type VmParty } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import type { Vm } from "../vms/vm.ts";
import type { OpenItem } from "./item.ts";

/** @throws AppError vm.not-found: it was removed meanwhile */
export function partyIn(parties: readonly VmParty[], { id, definition }: Vm): VmParty {
  const party = parties.find((one) => one.id === id);
  if (party !== undefined) return party;
  throw new AppError("vm.not-found", `VM "${definition.name}" does not exist any more.`, { vm: definition.name });
}

/** @param vm null: the host */
export function originIn(parties: readonly VmParty[], vm: Vm | null): Party {
  return vm === null ? HOST : partyIn(parties, vm);
}

/** What the policy is asked. */
export function crossingOf(item: OpenItem, from: Party, to: Party, bytes: number | null = null): Crossing {
  return { action: actionOf(item), from, to, type: item.kind === "url" ? null : item.type, bytes };
}

export function actionOf({ kind }: OpenItem): "url.open" | "file.open" {
  return kind === "url" ? "url.open" : "file.open";
}

/** Why what was allowed may not go after all, now that its size is known: its rule says so, or another rule does by now. */
export function refusalWithSize(policy: Pick<Policy, "decide">, crossing: Crossing, bytes: number): string | null {
  const { decision, answer } = policy.decide({ ...crossing, bytes });
  return decision === "deny" ? answer.explanation : null;
}

/** @param vm null: the host */
export function filesParty(vm: Vm | null): FilesParty {
  return vm === null ? { kind: "host" } : { kind: "vm", vm };
}

/** What a prompt shows. */
export function textPreview(text: string): PreviewSource {
  const current = {
    kind: "text",
    text: text.slice(0, MAX_PREVIEW_CHARACTERS),
    bytes: utf8Bytes(text),
    isComplete: true,
  } as const;
  return { current, onChange: () => () => undefined };
}

/** Why one file has not arrived. */
export function transferWords({ state, files: [file], detail }: TransferEnd): string {
  const reason = state === "denied" ? null : (file?.reason ?? null);
  if (file !== undefined && reason !== null)
    return `“${nameOf(file.path)}”: ${FILE_REASON_WORDS[reason]}${file.scan === "" ? "" : `: ${cleanText(file.scan)}`}.`;
  return detail === "" ? `The transfer of the file was ${state}.` : cleanText(detail);
}

/** What a transfer has that was allowed already: the terms of the rule, or of the person, go with it. */
export function givenBy(outcome: CrossingOutcome, crossing: Crossing) {
  return {
    kind: "given",
    seq: outcome.seq,
    crossing,
    scans: outcome.scans === true,
    oneScannerSuffices: outcome.oneScannerSuffices === true,
    unscanned: outcome.asksUnscanned === true ? crossing : null,
  } as const;
}
