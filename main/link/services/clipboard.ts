/** The clipboard of a guest: offers and requests of its programs, and the content on its way (clips/). */
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import { ClipTable, WIRE_SELECTIONS } from "#shared/protocol/clipboard.ts";
import { BULK, CONTROL } from "#shared/protocol/routes.ts";
import { CarriedPort } from "../clips/carried-port.ts";
import { clipFilter, MAX_TYPE_BYTES } from "../clips/filters.ts";
import { Giving } from "../clips/giving.ts";
import { BufferedReading } from "../clips/buffered-reading.ts";
import { OfferPace } from "../clips/offer-pace.ts";
import {
  CLIPBOARD,
  type ClipboardEvent,
  type ClipboardOrder,
  type GivingTarget,
  MAX_AHEADS,
  type TransferOutcome,
} from "../contracts/clipboard.ts";
import type { MessagePortLike } from "../message-port.ts";
import type { PasteHold } from "../paste-hold.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";
import { input } from "./input.ts";
import { type Streams, streams } from "./streams.ts";

type Accepts = "clipOffered" | "pasteWanted" | "pasteDropped" | "pasteTaken";
type Sends = "clipAnnounced" | "pasteRefused" | "clipRead" | "pasteGiven" | "clipAhead" | "clipPut";
type TransferEnded = (bytes: number, outcome: TransferOutcome) => void;
type OrderOf<Type extends ClipboardOrder["type"]> = Extract<ClipboardOrder, { type: Type }>;

/** Requests of programs that main hears of. More are refused at once: nobody pastes as often. */
const WANTED_PER_S = 100;
const WANTED_BURST = 200;
/** A program takes more than this in parts: when so much of what was sent ahead is there, the input behind its chord goes on. */
export const FIRST_PART_BYTES = 256 * 1024;

class Clipboard implements LinkService<Accepts, ClipboardOrder> {
  readonly #context: LinkContext<Sends, ClipboardEvent>;
  readonly #streams: Streams;
  readonly #input: { readonly sinceInputMs: number | null; readonly pastes: PasteHold };
  readonly #table = new ClipTable();
  readonly #offers: OfferPace;
  readonly #wanted = new RateLimit(WANTED_PER_S, WANTED_BURST);
  readonly #readings = new Map<number, BufferedReading>();
  readonly #givings = new Map<number, Giving>();
  /** Streams of what was given ahead, by giving. */
  readonly #aheads = new Map<number, number>();
  /** To main, by transfer. */
  readonly #ports = new Map<number, CarriedPort>();

  constructor(context: LinkContext<Sends, ClipboardEvent>) {
    this.#context = context;
    this.#streams = context.use(streams);
    this.#input = context.use(input);
    this.#offers = new OfferPace((offer) => context.emit({ type: "offered", ...offer }));
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    clipOffered: (untrusted) => {
      const offer = this.#table.acceptOffered(untrusted);
      // A program's own copy is pasted in place of what was announced.
      this.#input.pastes.setForeign(offer.selection, false);
      this.#offers.take({ ...offer, sinceInputMs: this.#input.sinceInputMs });
    },
    pasteWanted: (untrusted) => {
      const paste = this.#table.acceptWanted(untrusted);
      if (paste !== null && this.#wanted.take()) this.#context.emit({ type: "wanted", paste });
      else this.#refuse(untrusted.request);
    },
    pasteDropped: (untrusted) => {
      if (this.#table.acceptDropped(untrusted)) this.#context.emit({ type: "dropped", request: untrusted.request });
    },
    pasteTaken: (untrusted) => {
      this.#table.acceptTaken(untrusted);
      for (const [giving, stream] of this.#aheads)
        if (stream === untrusted.stream) this.#context.emit({ type: "taken", giving });
    },
  };

  order(order: ClipboardOrder, [port]: readonly MessagePortLike[]): void {
    switch (order.type) {
      case "announce":
        return this.#announce(order);
      case "refuse":
        return this.#refuse(order.request);
      case "settle":
        return this.#input.pastes.settle(order.chord);
      case "read":
        return this.#read(order);
      case "deliver":
        return this.#deliver(order.reading, port ?? null);
      case "cancelReading":
        return this.#readings.get(order.reading)?.cancel();
      case "give":
        return this.#give(order, port ?? this.#mainPort(order.giving));
      case "answer":
        return this.#answer(order);
      case "cancelGiving":
        return this.#givings.get(order.giving)?.cancel();
      case "say":
        return this.#ports.get(order.transfer)?.carried(order.message);
    }
  }

  closed(): void {
    this.#offers.end();
    for (const reading of this.#readings.values()) reading.lost();
    for (const giving of this.#givings.values()) giving.lost();
  }

  #announce({ selection, offer, types }: OrderOf<"announce">): void {
    this.#table.announce(selection, offer, types);
    this.#input.pastes.setForeign(selection, types.length > 0);
    this.#context.send("clipAnnounced", { selection: WIRE_SELECTIONS[selection], offer, types: [...types] });
  }

  #refuse(request: number): void {
    if (this.#table.answer(request)) this.#context.send("pasteRefused", { request });
  }

  // ---- content that the guest writes -----------------------------------------------------------------------

  #read({ reading, selection, generation, sourceType, as }: OrderOf<"read">): void {
    const ended: TransferEnded = (bytes, outcome) => {
      this.#forget(reading);
      this.#context.emit({ type: "readingEnded", reading, bytes, outcome });
    };
    const stream = this.#streams.table.open("agent");
    if (stream === null) return ended(0, "source");
    const buffered = new BufferedReading(
      MAX_TYPE_BYTES[as],
      {
        progress: (bytes, head, isComplete) =>
          this.#context.emit({ type: "progress", reading, bytes, head, isComplete }),
        ended,
      },
      { grant: (bytes) => this.#streams.grant(stream, bytes), stop: () => this.#streams.stop(stream) },
    );
    this.#readings.set(reading, buffered);
    this.#streams.take(stream, buffered);
    this.#context.send("clipRead", { selection: WIRE_SELECTIONS[selection], generation, type: sourceType, stream });
    buffered.begin();
  }

  /** @param port null: main's own, which is made only for a reading that takes it */
  #deliver(reading: number, port: MessagePortLike | null): void {
    const buffered = this.#readings.get(reading);
    if (buffered === undefined || buffered.isDelivered) port?.close();
    else buffered.deliver(port ?? this.#mainPort(reading));
  }

  // ---- content that the guest reads ------------------------------------------------------------------------

  #give({ giving, target, as, ruleBytes }: OrderOf<"give">, port: MessagePortLike): void {
    const settle = (): void => {
      if (target.kind === "ahead" && target.chord !== null) this.#input.pastes.settle(target.chord);
    };
    const filter = clipFilter(as, ruleBytes);
    const ended: TransferEnded = (bytes, outcome) => {
      settle();
      this.#forget(giving);
      const characters = outcome === "complete" ? filter.characters : null;
      this.#context.emit({ type: "givingEnded", giving, bytes, characters, outcome });
    };
    let written = 0;
    const stream = this.#begin(giving, target, as);
    if (stream === null) {
      port.close();
      return ended(0, "target");
    }
    const { table } = this.#streams;
    const made = new Giving(port, {
      filter,
      // Such lists are looked at as a whole.
      waitingBytes: as === "text/uri-list" || as === COPIED_FILES ? MAX_TYPE_BYTES[as] + 1 : 0,
      stream: {
        credit: () => table.creditOf(stream),
        write: (bytes) => {
          const count = this.#streams.write(stream, bytes);
          written += count;
          if (written >= FIRST_PART_BYTES) settle();
          return count;
        },
        end: (aborted) => this.#streams.end(stream, aborted),
      },
      ended,
    });
    this.#givings.set(giving, made);
    this.#streams.take(stream, made);
  }

  /** The stream that the guest is told to read; null: it wants nothing any more, or can read no more streams. */
  #begin(giving: number, target: GivingTarget, type: ClipType): number | null {
    if (target.kind === "ahead" && !this.#table.isAnnounced(target.offer, type)) return null;
    const isAnswer = target.kind === "request";
    if (isAnswer && !this.#table.isWaiting(target.request)) return null;
    const stream = this.#streams.table.open("host");
    if (stream === null) {
      if (isAnswer) this.#refuse(target.request);
      return null;
    }
    if (isAnswer) {
      this.#table.answer(target.request);
      this.#context.send("pasteGiven", { request: target.request, stream });
    } else if (target.kind === "put") {
      this.#context.send("clipPut", { selection: WIRE_SELECTIONS[target.selection], type, stream });
    } else {
      this.#table.sentAhead(stream);
      this.#rememberAhead(giving, stream);
      this.#context.send("clipAhead", { offer: target.offer, type, stream });
    }
    return stream;
  }

  #rememberAhead(giving: number, stream: number): void {
    this.#aheads.set(giving, stream);
    const [oldest] = this.#aheads.keys();
    if (this.#aheads.size > MAX_AHEADS && oldest !== undefined) this.#aheads.delete(oldest);
  }

  #answer({ giving, request }: OrderOf<"answer">): void {
    const stream = this.#aheads.get(giving);
    if (stream === undefined) return this.#refuse(request);
    if (this.#table.answer(request)) this.#context.send("pasteGiven", { request, stream });
  }

  // ----------------------------------------------------------------------------------------------------------

  #mainPort(transfer: number): MessagePortLike {
    const port = new CarriedPort((message) => this.#context.emit({ type: "said", transfer, message }));
    this.#ports.set(transfer, port);
    return port;
  }

  #forget(transfer: number): void {
    this.#readings.delete(transfer);
    this.#givings.delete(transfer);
    this.#ports.delete(transfer);
  }
}

export const clipboard = linkService(
  CLIPBOARD,
  {
    accepts: { clipOffered: CONTROL, pasteWanted: CONTROL, pasteDropped: CONTROL, pasteTaken: CONTROL },
    sends: {
      clipAnnounced: CONTROL,
      pasteRefused: CONTROL,
      clipRead: BULK,
      pasteGiven: BULK,
      clipAhead: BULK,
      clipPut: BULK,
    },
  },
  (context) => new Clipboard(context),
);
