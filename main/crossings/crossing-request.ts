/** What a broker asks of `Crossings`, and what it is answered. */
import type { CrossingPreview, DecidedBy } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { Crossing } from "../policy/crossing.ts";

/** Content that the person may look at before they answer. */
export interface PreviewSource {
  /** As it is now; null: there is nothing to show yet. */
  readonly current: CrossingPreview | null;
  /** Calls `changed` when there is more of it, a few times a second at most. Returns a function that ends it. */
  onChange(changed: () => void): () => void;
}

export interface CrossingRequest {
  readonly crossing: Crossing;
  /**
   * What would cross, in the broker's words: the id of a clip, a path. Requests for one subject between the same parties join
   * one prompt, and the answer "once" is for it. "" where each request is on its own.
   */
  readonly subject: string;
  /** What the program calls itself, cleaned: the guest's word. */
  readonly app?: string;
  /** A secret: it is never shown. */
  readonly isSecret?: boolean;
  readonly preview?: PreviewSource;
  /**
   * The person has just chosen this very crossing at a question of Atoll's that named both parties and what crosses: where a rule
   * asks, they are not asked again. What a rule denies stays denied.
   */
  readonly isChosen?: boolean;
  /** A person is asked, each time, also where a rule allows it. What a rule denies stays denied. */
  readonly isAlwaysAsked?: boolean;
  /** They can have a safe copy of it in its place. */
  readonly offersSafeCopy?: boolean;
  /** What they should know before they answer, for people: Atoll's words, guest text in it cleaned. */
  readonly warning?: string;
  /** When the person copied it, performance.now(). */
  readonly copiedMs?: number;
  /** For how long the answer "once" holds for this subject, from the answer on. Default: for the requests that wait for it. */
  readonly onceForMs?: number;
  /** The VM whose program asks for this by itself: after a person has denied it, its next requests are denied for a while. */
  readonly askedBy?: VmId | undefined;
  /** Not recorded and not told where a rule allows it and does not say `notify` (the host's own commands). */
  readonly isQuiet?: boolean;
}

export interface CrossingOutcome {
  readonly allowed: boolean;
  /** `lapsed`: nobody has answered before `signal` was aborted. */
  readonly by: DecidedBy;
  /** The rule that decided, or asked; null: none matched, or nothing may cross at all. */
  readonly rule: { readonly line: number; readonly text: string } | null;
  /** More than this does not go by the rule, bytes; null, as without it: it does not say. Where no size was asked about. */
  readonly maxBytes?: number | null;
  /** The rule lets through only what a scanner has passed. */
  readonly scans?: boolean;
  /** Of several scanners one is enough. */
  readonly oneScannerSuffices?: boolean;
  /** Not allowed, as the person wants a safe copy in its place. */
  readonly wantsSafeCopy?: boolean;
  /** The person decides of what no scanner could look at. */
  readonly asksUnscanned?: boolean;
  /** For people: why. */
  readonly explanation: string;
  /** Of the entry in the audit log, for `told`; null: there is none. */
  readonly seq: number | null;
}

export interface CrossingEnd {
  /** That have crossed; null: not known. */
  readonly bytes: number | null;
  /** Unicode code points of a text that has crossed as a whole; null, as without it: it is none, or they are not known. */
  readonly characters?: number | null;
  /** What went wrong, in words for people, guest text escaped; "" = nothing. */
  readonly detail?: string;
  /** Nothing went wrong: `detail` says what became of it. */
  readonly isComplete?: boolean;
  /** The log alone has it: the person has not meant it, and need not hear of it. */
  readonly isQuiet?: boolean;
}
