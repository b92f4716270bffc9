/** What a person in a guest wants to send elsewhere ("Send to VM...", atoll-send): to the VM that they have named, or choose now. */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { AcceptedSend } from "#shared/protocol/opening.ts";
import { logDefect } from "../base/log.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import { eachVm, type VmList } from "../vms/each-vm.ts";
import { opening } from "../vms/services/opening.ts";
import type { Vm } from "../vms/vm.ts";
import { nameOf } from "./names.ts";
import { isOffered } from "./parties.ts";
import type { Transfer, TransferEnd } from "./transfer.ts";
import type { Transfers } from "./transfers.ts";

/** Names that the question shows. */
const SHOWN_NAMES = 20;

interface Parts {
  application: VmList;
  page: Pick<Page, "askUntilAnswered">;
  policy: Pick<Policy, "decide">;
  transfers: Pick<Transfers, "start">;
}

/** Of each VM that there is, and of those that come. */
export function answerSending(parts: Parts): void {
  eachVm(parts.application, (vm) => {
    const service = vm.service(opening);
    /** One question at a time for each VM: files that are on their way keep the next from nothing. */
    let asking: Promise<void> = Promise.resolve();
    let gone = new AbortController();
    service.on("send", (wanted) => {
      const { signal } = gone;
      // Numbers of a link that is gone are those of other requests by now.
      const answer = ({ outcome, detail }: Answer): void => {
        if (!signal.aborted) service.answerSend(wanted.wanted, outcome, detail);
      };
      const fail = (error: unknown): void => {
        if (!(error instanceof AppError)) logDefect(`files of VM "${vm.definition.name}" were not sent`, error);
        answer({ outcome: "failed", detail: messageOf(error) });
      };
      asking = asking.then(async () => {
        if (signal.aborted) return;
        try {
          const begun = await begin(parts, vm, wanted, signal);
          if ("done" in begun) void begun.done.then((end) => answer(answerOf(end)), fail);
          else answer(begun);
        } catch (error) {
          fail(error);
        }
      });
    });
    service.on("closed", () => {
      gone.abort();
      gone = new AbortController();
    });
  });
}

interface Answer {
  outcome: "elsewhere" | "denied" | "failed";
  detail: string;
}

/** Resolves when nobody is asked any more. A transfer's end is answered: how it goes on is the transfers' to show. */
async function begin(
  parts: Parts,
  vm: Vm,
  { wanted, paths, count, to }: AcceptedSend,
  signal: AbortSignal,
): Promise<Transfer | Answer> {
  const targets = parts.application.vms.flatMap((target) => {
    if (target === vm || target.state !== "running") return [];
    const [from, party] = [partyOf(vm.status), partyOf(target.status)];
    const { decision } = parts.policy.decide({ action: "file.send", from, to: party, type: null, bytes: null });
    return [{ target, decision }];
  });
  const target = await chosen(parts, vm, { paths, count, to }, targets, signal);
  if (typeof target === "string") return { outcome: "failed", detail: target };
  if (target === null) return { outcome: "denied", detail: "" };
  return new Promise((resolve) => {
    const transfer = parts.transfers.start(
      {
        source: count === paths.length ? { party: { kind: "vm", vm }, paths } : { party: { kind: "vm", vm }, wanted },
        target: { kind: "vm", vm: target },
        destination: { kind: "incoming" },
        permission: { kind: "ask" },
      },
      // It may be called before `start` returns.
      { decided: () => queueMicrotask(() => resolve(transfer)) },
    );
  });
}

function answerOf({ state, detail }: TransferEnd): Answer {
  if (state === "denied") return { outcome: "denied", detail };
  return state === "done" ? { outcome: "elsewhere", detail: "" } : { outcome: "failed", detail };
}

/** null: the person wants none; words: there is none. */
async function chosen(
  { page }: Parts,
  vm: Vm,
  { paths, count, to }: Pick<AcceptedSend, "paths" | "count" | "to">,
  all: readonly { target: Vm; decision: string }[],
  signal: AbortSignal,
): Promise<Vm | null | string> {
  // The policy says more to the one who names a VM than that it is not there: the transfer itself is denied.
  const named = all.find(({ target }) => target.definition.name === to);
  if (to !== "") return named?.target ?? `No VM "${to.slice(0, 40)}" runs: start it, or choose another one.`;
  const offered = all.filter(({ target, decision }) => isOffered(target.status) && decision !== "deny");
  if (offered.length === 0) return "There is no other VM that runs and may get files of this one.";
  const answer: VmId | null = await page.askUntilAnswered(
    "transfer.target",
    {
      from: vm.id,
      names: paths.slice(0, SHOWN_NAMES).map(nameOf),
      chosen: count,
      targets: offered.map(({ target, decision }) => ({
        vm: target.id,
        name: target.definition.name,
        label: target.definition.label,
        asks: decision === "ask",
      })),
    },
    { signal },
  );
  return offered.find(({ target }) => target.id === answer)?.target ?? null;
}
