/** Tells the person what became of an opening that nobody waits for. */
import type { ShownItem } from "#shared/ipc/open.ts";
import { toErrorValue } from "#shared/model/app-error.ts";
import type { Page } from "../ipc/page.ts";
import type { Party } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import type { ProgramElsewhere } from "./programs.ts";

/** A denial is told where it is decided. */
export function tellFailure(page: Page, item: ShownItem, from: Party, error: unknown): void {
  const { code, message, details } = toErrorValue(error);
  if (code === "policy.denied" || code === "policy.unanswered") return;
  const isWithoutProgram = code === "open.no-handler";
  page.send("open.notice", {
    item,
    outcome: isWithoutProgram ? "no-handler" : "failed",
    from: partyView(from),
    to: null,
    detail: message,
    comparison: null,
    // `noHandler` has made it.
    programs: isWithoutProgram ? (details["programs"] as ProgramElsewhere[]) : [],
  });
}
