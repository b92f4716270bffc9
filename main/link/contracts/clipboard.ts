/**
 * The clipboard of a VM: what its programs offer and ask for, and the content on its way. A *reading* is content that this
 * guest writes; it waits in the link, in small part, until main says where it goes. A *giving* is content that this guest
 * reads. Between the two goes what main/link/joint.ts says, by a port between the links, or, where main itself is the
 * other end, by `said` and `say`.
 */
import type { ClipSelection, ClipType } from "#shared/model/clip.ts";
import type { AcceptedOffer, AcceptedPaste } from "#shared/protocol/clipboard.ts";
import { serviceContract } from "../contract.ts";

/** Givings ahead that are remembered, as many as ClipTable does: an agent keeps one for 2 s. */
export const MAX_AHEADS = 256;

export type GivingTarget =
  | { kind: "request"; request: number }
  /** `chord`: its input waits for this; null: none does. */
  | { kind: "ahead"; offer: number; chord: number | null }
  | { kind: "put"; selection: ClipSelection };

/** How a reading or a giving has ended: `ClipEnd` of main/clipboard/reading.ts, as its link sees it. */
export type TransferOutcome = "complete" | "source" | "target" | "size" | "content" | "cancelled";

/** `reading`, `giving`: numbers of main's choosing, never used twice. */
export type ClipboardOrder =
  | { type: "announce"; selection: ClipSelection; offer: number; types: readonly ClipType[] }
  | { type: "refuse"; request: number }
  /** Nothing more comes for that paste chord of the page: the input behind it waits no longer. */
  | { type: "settle"; chord: number }
  /** `sourceType`: of the offer's. `as`: its bounds are the type's. */
  | {
      type: "read";
      reading: number;
      selection: ClipSelection;
      generation: number;
      sourceType: string;
      as: ClipType;
    }
  /** With a port to whoever takes it, or without: main does. Once. */
  | { type: "deliver"; reading: number }
  | { type: "cancelReading"; reading: number }
  /** With a port to whoever has it, or without: main has. `ruleBytes`: more does not go; null: than its type may have. */
  | { type: "give"; giving: number; target: GivingTarget; as: ClipType; ruleBytes: number | null }
  /** What was given ahead answers this request, which came before the agent had it. */
  | { type: "answer"; giving: number; request: number }
  | { type: "cancelGiving"; giving: number }
  /** Of a reading or a giving whose other end is main's. */
  | { type: "say"; transfer: number; message: unknown };

export interface GivingEnd {
  outcome: TransferOutcome;
  /** That have gone to the guest. */
  bytes: number;
  /** Unicode code points of all that was given; null: not all was, or content of that type is not counted in them. */
  characters: number | null;
}

/** An offer, and how long before it a key or a button was pressed or released in this VM, milliseconds; null: never. */
export interface TimedOffer extends AcceptedOffer {
  sinceInputMs: number | null;
}

export type ClipboardEvent =
  /** The newest offer of a selection; some before it may be left out. */
  | ({ type: "offered" } & TimedOffer)
  | { type: "wanted"; paste: AcceptedPaste }
  | { type: "dropped"; request: number }
  /** A program has got what was given ahead. */
  | { type: "taken"; giving: number }
  /** Some times a second at most. `head`: the first bytes of it, while they become more; else null. */
  | { type: "progress"; reading: number; bytes: number; head: Uint8Array | null; isComplete: boolean }
  /** The last event of a reading. */
  | { type: "readingEnded"; reading: number; bytes: number; outcome: TransferOutcome }
  /** The last event of a giving. */
  | ({ type: "givingEnded"; giving: number } & GivingEnd)
  | { type: "said"; transfer: number; message: unknown };

export const CLIPBOARD = serviceContract<ClipboardOrder, ClipboardEvent>("clipboard");
