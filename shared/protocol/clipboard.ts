/**
 * The clipboard of one VM, host's side: what the agent has offered, what the host has announced, and which requests of
 * programs wait for an answer. Pure. What may be pasted where is main's business.
 *
 *   a request:  --PasteWanted--> waiting --PasteGiven, PasteRefused, PasteDropped--> over
 *   an ahead:   --ClipAhead--> kept by the agent --PasteTaken--> taken
 */
import type { ClipSelection } from "../model/clip.ts";
import { Selection } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_CLIP_TYPE_BYTES, MAX_CLIP_TYPES, MAX_PASTES } from "./limits.ts";
import { boundedInteger, boundedText, MAX_U32, refuse } from "./violation.ts";

export interface AcceptedOffer {
  selection: ClipSelection;
  generation: number;
  /** Each once, in the guest's order; printable ASCII, yet chosen by the guest. Empty: nothing is offered any more. */
  types: string[];
}

export interface AcceptedPaste {
  request: number;
  offer: number;
  selection: ClipSelection;
  type: string;
}

interface Announced {
  offer: number;
  types: readonly string[];
}

/** Streams sent ahead whose taking is awaited: an agent keeps one for 2 s. */
const MAX_REMEMBERED = 256;
/** Names with anything else are no types that the host could ask for. */
const TYPE_NAME = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/u;

export const WIRE_SELECTIONS: Readonly<Record<ClipSelection, Selection>> = {
  clipboard: Selection.CLIPBOARD,
  primary: Selection.PRIMARY,
};

export class ClipTable {
  readonly #announced = new Map<ClipSelection, Announced>();
  readonly #waiting = new Set<number>();
  /** By stream; true: a program has got it. */
  readonly #aheads = new Map<number, boolean>();
  readonly #lastGenerations = new Map<ClipSelection, number>();
  #lastOffer = 0;
  #lastRequest = 0;

  // ---- what the host says ----------------------------------------------------------------------------------

  /** Before ClipAnnounced is sent. `offer`: above all before. */
  announce(selection: ClipSelection, offer: number, types: readonly string[]): void {
    this.#lastOffer = Math.max(this.#lastOffer, offer);
    this.#announced.set(selection, { offer, types });
  }

  /** Before PasteGiven or PasteRefused is sent; false: it does not wait, and nothing is to be sent. */
  answer(request: number): boolean {
    return this.#waiting.delete(request);
  }

  isWaiting(request: number): boolean {
    return this.#waiting.has(request);
  }

  /** Whether this offer is the announced one of its selection, with that type. */
  isAnnounced(offer: number, type: string): boolean {
    return [...this.#announced.values()].some((one) => one.offer === offer && one.types.includes(type));
  }

  /** Before ClipAhead is sent. */
  sentAhead(stream: number): void {
    this.#aheads.set(stream, false);
    const [oldest] = this.#aheads.keys();
    if (this.#aheads.size > MAX_REMEMBERED && oldest !== undefined) this.#aheads.delete(oldest);
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  acceptOffered({ selection, generation, types }: WireMessageOf<"clipOffered">): AcceptedOffer {
    const known = acceptSelection(selection);
    boundedInteger(generation, (this.#lastGenerations.get(known) ?? 0) + 1, MAX_U32, "generation of an offer");
    if (types.length > MAX_CLIP_TYPES) refuse("quota", `an offer of more than ${MAX_CLIP_TYPES} types`);
    for (const type of types) boundedText(type, MAX_CLIP_TYPE_BYTES, "type of an offer");
    this.#lastGenerations.set(known, generation);
    return { selection: known, generation, types: [...new Set(types.filter((type) => TYPE_NAME.test(type)))] };
  }

  /** null: it asks for an offer that is over, and is to be refused. */
  acceptWanted({ request, offer, type }: WireMessageOf<"pasteWanted">): AcceptedPaste | null {
    boundedInteger(request, this.#lastRequest + 1, MAX_U32, "request to paste");
    boundedText(type, MAX_CLIP_TYPE_BYTES, "type of a paste");
    if (offer < 1 || offer > this.#lastOffer) refuse("unknown-offer", `offer ${offer} was never announced`);
    const [selection, announced] = [...this.#announced].find(([, one]) => one.offer === offer) ?? [];
    if (announced !== undefined && !announced.types.includes(type))
      refuse("unknown-type", `offer ${offer} was not announced with the type that is asked for`);
    if (this.#waiting.size >= MAX_PASTES) refuse("quota", `more than ${MAX_PASTES} requests to paste`);
    this.#lastRequest = request;
    this.#waiting.add(request);
    return selection === undefined ? null : { request, offer, selection, type };
  }

  /** false: it was answered meanwhile. */
  acceptDropped({ request }: WireMessageOf<"pasteDropped">): boolean {
    if (request < 1 || request > this.#lastRequest)
      refuse("unknown-request", `request ${request} to paste was never made`);
    return this.#waiting.delete(request);
  }

  acceptTaken({ stream }: WireMessageOf<"pasteTaken">): void {
    const isTaken = this.#aheads.get(stream);
    if (isTaken === undefined) refuse("unknown-stream", `stream ${stream} was not sent ahead`);
    if (isTaken) refuse("wrong-state", `stream ${stream} was taken twice`);
    this.#aheads.set(stream, true);
  }
}

function acceptSelection(untrusted: Selection): ClipSelection {
  if (untrusted === Selection.CLIPBOARD) return "clipboard";
  if (untrusted === Selection.PRIMARY) return "primary";
  return refuse("number-out-of-range", `selection ${untrusted}`);
}
