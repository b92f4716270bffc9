/**
 * Whatever goes from one party to another is asked here: the policy decides, or the person where it asks; the audit log has
 * it on the disk before it goes on, and the person is told of it.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { type AuditEntry, type CrossingAnswer, isCrossing, partyName } from "#shared/model/crossing.ts";
import type { PolicyAction } from "#shared/model/policy.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { AuditLog, NewEntry } from "../audit/audit-log.ts";
import { Repeats } from "../audit/repeats.ts";
import type { Page } from "../ipc/page.ts";
import { type Crossing, isDisposable } from "../policy/crossing.ts";
import { partyView, partyWord } from "../policy/party-view.ts";
import type { Policy, PolicyDecided } from "../policy/policy.ts";
import type { PolicyChanges } from "../policy/policy-changes.ts";
import type { CrossingEnd, CrossingOutcome, CrossingRequest } from "./crossing-request.ts";
import { AfterDenial } from "./after-denial.ts";
import { type OpenPrompt, Prompts } from "./prompts.ts";

const MAX_DETAIL = 500;
/** Answers that write a rule. */
const RULE_ANSWERS = ["minutes", "always"] as const;

interface Parts {
  policy: Policy;
  changes: Pick<PolicyChanges, "answer">;
  audit: Pick<AuditLog, "append" | "end">;
  page: Page;
  /** Milliseconds that only run on. */
  elapsed?: () => number;
}

/** What a person's answer, or the lack of one, comes to. */
interface Settled {
  allowed: boolean;
  by: "person" | "rule" | "lapsed";
  detail: string;
  /** Where it is not what the rule that asked says. */
  explanation?: string | undefined;
  wantsSafeCopy?: boolean;
  /** What the policy said when the person answered. */
  decided?: PolicyDecided;
}

export class Crossings {
  readonly #policy: Policy;
  readonly #changes: Parts["changes"];
  readonly #audit: Parts["audit"];
  readonly #page: Page;
  readonly #elapsed: () => number;
  readonly #prompts: Prompts<Settled>;
  readonly #denials = new Repeats((entry) => this.#record(entry, { goesOn: false }));
  /** Of what programs of guests ask for by themselves; a broker that asks a question of its own notes its answers here, too. */
  readonly afterDenial: AfterDenial;
  /** Until when the answer "once" holds, by the key of what was asked. */
  readonly #once = new Map<string, number>();
  #requests = 0;

  constructor({ policy, changes, audit, page, elapsed = () => performance.now() }: Parts) {
    this.#policy = policy;
    this.#changes = changes;
    this.#audit = audit;
    this.#page = page;
    this.#elapsed = elapsed;
    this.#prompts = new Prompts(page);
    this.afterDenial = new AfterDenial(elapsed);
  }

  /** The one on the screen first. */
  get prompts(): readonly OpenPrompt[] {
    return this.#prompts.open;
  }

  /**
   * Never rejects. Resolves with `allowed` when it may go on: its entry is in the audit log then.
   *
   * @param options `signal`: aborted, whoever asks waits no more; the last one that waits takes the prompt back
   */
  async request(request: CrossingRequest, { signal }: { signal?: AbortSignal } = {}): Promise<CrossingOutcome> {
    const decided = this.#policy.decide(request.crossing);
    const { decision, answer, rule } = decided;
    if (decision === "ask" || (decision === "allow" && request.isAlwaysAsked === true))
      return this.#outcome(request, decided, await this.#asked(request, decided, signal));
    const allowed = decision === "allow";
    if (allowed && request.isQuiet === true && rule?.notify !== true)
      return {
        ...{ allowed, by: "rule", rule: answer.rule, ...conditionsOf(rule) },
        ...{ explanation: answer.explanation, seq: null },
      };
    return this.#outcome(request, decided, { allowed, by: "rule", detail: "" });
  }

  /** Another request of the same crossing and subject waits for the answer to a prompt, in whoever's hands it is. */
  joined({ crossing: { action, from, to }, subject }: Pick<CrossingRequest, "crossing" | "subject">): void {
    this.#prompts.joined(promptKey(action, from, to, subject));
  }

  /** What `outcome` allowed is over: its bytes go into the log, and the person is told. Once for each that was allowed. */
  async ended({ seq }: CrossingOutcome, end: CrossingEnd): Promise<void> {
    if (seq === null) return;
    const { bytes, characters = null, detail = "", isComplete = false, isQuiet = false } = end;
    const words = escapeForLog(detail, MAX_DETAIL);
    const entry = await this.#audit.end(seq, { bytes, characters, detail: words });
    if (entry !== null && !isQuiet) this.#tell(entry, isComplete ? "" : words);
  }

  async #asked(
    request: CrossingRequest,
    { rule, answer }: PolicyDecided,
    signal: AbortSignal | undefined,
  ): Promise<Settled> {
    const { crossing, subject, app = "", isSecret = false, preview = null, copiedMs = null } = request;
    const { onceForMs = 0, isChosen = false, isAlwaysAsked = false, offersSafeCopy = false, warning = "" } = request;
    const { askedBy } = request;
    const { action, from, to, type } = crossing;
    if (rule === null || answer.rule === null) throw new AppError("internal", "No rule asks.");
    this.#requests += 1;
    const key = promptKey(action, from, to, subject === "" ? this.#requests : subject);
    if (isChosen) {
      if (onceForMs > 0) this.#once.set(key, this.#elapsed() + onceForMs);
      return { allowed: true, by: "person", detail: "chosen" };
    }
    if (this.#holdsOnce(key)) return { allowed: true, by: "person", detail: "answered before: once" };
    const soon = askedBy === undefined ? 0 : this.afterDenial.secondsLeft(askedBy, action);
    if (soon > 0)
      return { allowed: false, by: "person", detail: "denied before", explanation: `It can ask again in ${soon} s.` };
    if (!this.#prompts.canAsk(key)) {
      const explanation = "You were not asked, as too many questions are open: answer those first.";
      return { allowed: false, by: "lapsed", detail: "too many questions are open", explanation };
    }
    // A disposable is gone before a rule for it could count.
    const canWrite = [from, to].every((party) => this.#policy.canName(party) && !isDisposable(party));
    const settle = async (answered: CrossingAnswer): Promise<Settled> => {
      if (answered === "deny") {
        if (askedBy !== undefined) this.afterDenial.denied(askedBy, action);
        return { allowed: false, by: "person", detail: "" };
      }
      if (answered === "safe")
        return { allowed: false, by: "person", detail: "a safe copy in its place", wantsSafeCopy: true };
      // The rules may be others by now.
      const now = this.#policy.decide(crossing);
      if (now.decision === "deny")
        return { allowed: false, by: "rule", detail: "denied since it was asked", explanation: now.answer.explanation };
      const allowed = { allowed: true, by: "person", decided: now } as const;
      if (askedBy !== undefined) this.afterDenial.allowed(askedBy, action);
      if (answered === "once") {
        if (onceForMs > 0) this.#once.set(key, this.#elapsed() + onceForMs);
        return { ...allowed, detail: "once" };
      }
      const words = answered === "always" ? "always" : "for 10 minutes";
      if (now.decision === "allow") return { ...allowed, detail: words };
      return this.#changes.answer(crossing, now.rule ?? rule, answered).then(
        (): Settled => ({ ...allowed, detail: words }),
        (error: unknown): Settled => ({
          ...allowed,
          detail: `once, because the rule could not be written: ${escapeForLog(messageOf(error), MAX_DETAIL)}`,
        }),
      );
    };
    const rules = canWrite ? (rule.offersAlways ? RULE_ANSWERS : (["minutes"] as const)) : [];
    const content = {
      action,
      from: partyView(from),
      to: partyView(to),
      type: type === null ? null : escapeForLog(type),
      app,
      isSecret,
      preview,
      copiedMs,
      rule: answer.rule,
      warning,
      offers: [...(isAlwaysAsked ? [] : rules), ...(offersSafeCopy ? (["safe"] as const) : [])],
    };
    const settled = await this.#prompts.ask({ key, content, settle }, signal);
    return settled ?? { allowed: false, by: "lapsed", detail: "nobody answered" };
  }

  async #outcome(
    { crossing }: CrossingRequest,
    asked: PolicyDecided,
    { allowed, by, detail, explanation, wantsSafeCopy = false, decided: { answer, rule } = asked }: Settled,
  ): Promise<CrossingOutcome> {
    const { action, from, to, type, bytes } = crossing;
    const entry: NewEntry = {
      action,
      from: partyView(from),
      to: partyView(to),
      type: type === null ? null : escapeForLog(type),
      bytes,
      decision: allowed ? "allow" : "deny",
      rule: answer.rule,
      by,
      detail,
    };
    const words = wordsOf({ by, allowed, explanation }, answer.explanation, entry);
    if (!allowed) {
      await this.#denials.add(entry);
      return { allowed, by, rule: answer.rule, ...conditionsOf(rule), wantsSafeCopy, explanation: words, seq: null };
    }
    const written = await this.#record(entry, { goesOn: true });
    if (written !== null)
      return { allowed, by, rule: answer.rule, ...conditionsOf(rule), explanation: words, seq: written.seq };
    const refused = "Nothing may cross while the audit log cannot be written.";
    return { allowed: false, by: "rule", rule: null, ...conditionsOf(rule), explanation: refused, seq: null };
  }

  /** null: it could not be written, which the log itself tells. */
  async #record(entry: NewEntry, options: { goesOn: boolean }): Promise<AuditEntry | null> {
    const written = await this.#audit.append(entry, options).catch(() => null);
    if (written !== null && !options.goesOn) this.#tell(written, "");
    return written;
  }

  #tell(entry: AuditEntry, failure: string): void {
    if (!isCrossing(entry)) throw new AppError("internal", "It is an entry of no crossing.");
    const { time: _, rule: __, ...notice } = entry;
    this.#page.send("crossing.notice", { ...notice, failure });
  }

  #holdsOnce(key: string): boolean {
    const now = this.#elapsed();
    for (const [other, until] of this.#once) if (until <= now) this.#once.delete(other);
    return this.#once.has(key);
  }
}

type Conditions = Pick<CrossingOutcome, "maxBytes" | "scans" | "oneScannerSuffices" | "asksUnscanned">;

function conditionsOf(rule: PolicyDecided["rule"]): Conditions {
  const { maxBytes = null, scan = false, oneScannerSuffices = false, asksUnscanned = false } = rule ?? {};
  return { maxBytes, scans: scan, oneScannerSuffices, asksUnscanned };
}

/** As the `atoll` command ends where something was not allowed: with exit code 3. */
export function refusalOf({ by, explanation, rule }: CrossingOutcome): AppError {
  return new AppError(by === "lapsed" ? "policy.unanswered" : "policy.denied", explanation, { rule });
}

/** @param subject a number: it is a request on its own */
function promptKey(action: PolicyAction, from: Crossing["from"], to: Crossing["to"], subject: string | number): string {
  return JSON.stringify([action, partyKey(from), partyKey(to), subject]);
}

function partyKey(party: Crossing["to"]): string {
  return party.kind === "vm" && party.id !== null ? party.id : `${party.kind} ${partyWord(party)}`;
}

function wordsOf(
  { by, allowed, explanation }: Pick<Settled, "by" | "allowed" | "explanation">,
  ruleWords: string,
  { action, from, to }: NewEntry,
): string {
  const what = `${action} from ${partyName(from)} to ${partyName(to)}`;
  if (by === "rule") return explanation ?? ruleWords;
  if (by === "lapsed")
    return explanation === undefined
      ? `Nobody answered whether ${what} is allowed, so it is denied. ${ruleWords}`
      : `${what} is denied. ${explanation}`;
  const words = `You have ${allowed ? "allowed" : "denied"} ${what}.`;
  return explanation === undefined ? words : `${words} ${explanation}`;
}
