/** What a person in a guest wants to send elsewhere ("Send to VM...", atoll-send): to the VM that they have named, or choose now. */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { AcceptedSend } from "#shared/protocol/opening.ts";
import type { Application } from "../application.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import { opening } from "../vms/services/opening.ts";
import type { Vm } from "../vms/vm.ts";
import { nameOf } from "./names.ts";
import type { Transfers } from "./transfers.ts";

/** Names that the question shows. */
const SHOWN_NAMES = 20;

interface Parts {
  application: Pick<Application, "vms" | "on">;
  page: Pick<Page, "askUntilAnswered">;
  policy: Pick<Policy, "decide">;
  transfers: Pick<Transfers, "start">;
}

/** Of each VM that there is, and of those that come. */
export function answerSending(parts: Parts): void {
  const known = new WeakSet<Vm>();
  const listen = (): void => {
    for (const vm of parts.application.vms) {
      if (known.has(vm)) continue;
      known.add(vm);
      const service = vm.service(opening);
      /** One question at a time for each VM. */
      let asking: Promise<unknown> = Promise.resolve();
      let gone = new AbortController();
      service.on("send", (wanted) => {
        const { signal } = gone;
        asking = asking.then(async () => {
          const { outcome, detail } = await sent(parts, vm, wanted, signal).catch((error: unknown) => {
            if (!(error instanceof AppError)) throw error;
            return { outcome: "failed" as const, detail: messageOf(error) };
          });
          service.answerSend(wanted.wanted, outcome, detail);
        });
      });
      service.on("closed", () => {
        gone.abort();
        gone = new AbortController();
      });
    }
  };
  parts.application.on("changed", listen);
  listen();
}

/** Answered when the files are on their way: how that goes on is the transfers' to show. */
async function sent(
  parts: Parts,
  vm: Vm,
  { wanted, paths, count, to }: AcceptedSend,
  signal: AbortSignal,
): Promise<{ outcome: "elsewhere" | "denied" | "failed"; detail: string }> {
  const targets = parts.application.vms.flatMap((target) => {
    if (target === vm || target.state !== "running") return [];
    const [from, party] = [partyOf(vm.status), partyOf(target.status)];
    const { decision } = parts.policy.decide({ action: "file.send", from, to: party, type: null, bytes: null });
    return [{ target, decision }];
  });
  const target = await chosen(parts, vm, { paths, count, to }, targets, signal);
  if (typeof target === "string") return { outcome: "failed", detail: target };
  if (target === null) return { outcome: "denied", detail: "" };
  const transfer = parts.transfers.start({
    source: count === paths.length ? { party: { kind: "vm", vm }, paths } : { party: { kind: "vm", vm }, wanted },
    target: { kind: "vm", vm: target },
    destination: { kind: "incoming" },
    permission: { kind: "ask" },
  });
  const { state, detail } = await transfer.done;
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
  const offered = all.filter(({ decision }) => decision !== "deny");
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
