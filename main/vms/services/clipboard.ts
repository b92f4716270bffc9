/** Main's side of a VM's clipboard: what its programs offer and ask for, and orders for content on its way. */
import type { ClipSelection, ClipType } from "#shared/model/clip.ts";
import type { AcceptedPaste } from "#shared/protocol/clipboard.ts";
import { Emitter } from "../../base/emitter.ts";
import { CarriedPort } from "../../link/clips/carried-port.ts";
import {
  CLIPBOARD,
  type ClipboardEvent,
  type ClipboardOrder,
  type GivingEnd,
  type GivingTarget,
  MAX_AHEADS,
  type TimedOffer,
  type TransferOutcome,
} from "../../link/contracts/clipboard.ts";
import type { ToLink } from "../../link/contract.ts";
import type { MessagePortLike } from "../../link/message-port.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface ClipboardEvents {
  offered: [TimedOffer];
  wanted: [AcceptedPaste];
  /** The program of that request wants it no longer. */
  dropped: [request: number];
  /** The link is gone, and with it all offers and requests. */
  closed: [];
}

export interface ReadingReporter {
  /** `untrustedHead`: the first bytes of it, while they become more; else null. */
  progress(bytes: number, untrustedHead: Uint8Array | null, isComplete: boolean): void;
  /** The last call. */
  ended(outcome: TransferOutcome): void;
}

export interface GivingReporter {
  /** A program has got what was given ahead. May come after `ended`. */
  taken(): void;
  ended(end: GivingEnd): void;
}

/** What a giving is. */
export type Given = Omit<Extract<ClipboardOrder, { type: "give" }>, "type" | "giving">;

const NOT_TAKEN: GivingEnd = { outcome: "target", bytes: 0, characters: null };

export class Clipboard extends Emitter<ClipboardEvents> implements ServiceClient<ClipboardEvent> {
  readonly #context: ClientContext<ClipboardOrder>;
  readonly #readings = new Map<number, ReadingReporter>();
  readonly #givings = new Map<number, GivingReporter>();
  readonly #aheads = new Map<number, GivingReporter>();
  /** Whose other end is main's own, by transfer. */
  readonly #ports = new Map<number, CarriedPort>();
  #lastTransfer = 0;

  constructor(context: ClientContext<ClipboardOrder>) {
    super();
    this.#context = context;
  }

  /** `offer`: above all before. */
  announce(selection: ClipSelection, offer: number, types: readonly ClipType[]): void {
    this.#context.sendIfLinked({ type: "announce", selection, offer, types: [...types] });
  }

  refuse(request: number): void {
    this.#context.sendIfLinked({ type: "refuse", request });
  }

  /** Nothing more comes for that paste chord. */
  settle(chord: number): void {
    this.#context.sendIfLinked({ type: "settle", chord });
  }

  /** Begins a reading, and returns its number. @throws AppError vm.not-running */
  read(what: Omit<Extract<ClipboardOrder, { type: "read" }>, "type" | "reading">, reporter: ReadingReporter): number {
    this.#lastTransfer += 1;
    this.#context.send({ type: "read", reading: this.#lastTransfer, ...what });
    this.#readings.set(this.#lastTransfer, reporter);
    return this.#lastTransfer;
  }

  cancelReading(reading: number): void {
    this.#context.sendIfLinked({ type: "cancelReading", reading });
  }

  /** Begins a giving, and returns its number. Its content comes by one of the three ways that follow. */
  give(target: GivingTarget, reporter: GivingReporter): number {
    this.#lastTransfer += 1;
    this.#givings.set(this.#lastTransfer, reporter);
    if (target.kind === "ahead") {
      this.#aheads.set(this.#lastTransfer, reporter);
      const [oldest] = this.#aheads.keys();
      if (this.#aheads.size > MAX_AHEADS && oldest !== undefined) this.#aheads.delete(oldest);
    }
    return this.#lastTransfer;
  }

  cancelGiving(giving: number): void {
    this.#context.sendIfLinked({ type: "cancelGiving", giving });
  }

  /** It could not be begun: its target is not there. */
  forgetGiving(giving: number): void {
    this.happened({ type: "givingEnded", giving, ...NOT_TAKEN });
  }

  /** What was given ahead answers this request. */
  answer(giving: number, request: number): void {
    this.#context.sendIfLinked({ type: "answer", giving, request });
  }

  /** From this guest to another one, by a port between their links. @throws AppError vm.not-running */
  connect(reading: number, other: Clipboard, giving: number, wanted: Given): void {
    const [mine, others] = [orderToLink({ type: "deliver", reading }), orderToLink(giveOrder(giving, wanted))];
    this.#context.link().connect(mine, other.#context.link(), others);
  }

  /** A reading to main itself, or by `port` to whoever has its other end. @throws AppError vm.not-running */
  deliver(reading: number): MessagePortLike;
  deliver(reading: number, port: MessagePortLike): void;
  deliver(reading: number, port?: MessagePortLike): MessagePortLike | undefined {
    return this.#order(reading, { type: "deliver", reading }, port);
  }

  /** A giving from main itself, or by `port` from whoever has its other end. @throws AppError vm.not-running */
  receive(giving: number, wanted: Given): MessagePortLike;
  receive(giving: number, wanted: Given, port: MessagePortLike): void;
  receive(giving: number, wanted: Given, port?: MessagePortLike): MessagePortLike | undefined {
    return this.#order(giving, giveOrder(giving, wanted), port);
  }

  #order(transfer: number, order: ClipboardOrder, port?: MessagePortLike): MessagePortLike | undefined {
    const own =
      port === undefined
        ? new CarriedPort((message) => this.#context.sendIfLinked({ type: "say", transfer, message }))
        : undefined;
    this.#context.link().send(orderToLink(order), port === undefined ? [] : [port]);
    if (own !== undefined) this.#ports.set(transfer, own);
    return own;
  }

  happened(event: ClipboardEvent): void {
    switch (event.type) {
      case "offered": {
        const { selection, generation, types, sinceInputMs } = event;
        return this.emit("offered", { selection, generation, types, sinceInputMs });
      }
      case "wanted":
        return this.emit("wanted", event.paste);
      case "dropped":
        return this.emit("dropped", event.request);
      case "taken":
        this.#aheads.get(event.giving)?.taken();
        return void this.#aheads.delete(event.giving);
      case "progress":
        return this.#readings.get(event.reading)?.progress(event.bytes, event.head, event.isComplete);
      case "readingEnded": {
        const reporter = this.#readings.get(event.reading);
        this.#readings.delete(event.reading);
        this.#portLost(event.reading);
        return reporter?.ended(event.outcome);
      }
      case "givingEnded": {
        const reporter = this.#givings.get(event.giving);
        this.#givings.delete(event.giving);
        this.#portLost(event.giving);
        return reporter?.ended({ outcome: event.outcome, bytes: event.bytes, characters: event.characters });
      }
      case "said":
        return this.#ports.get(event.transfer)?.carried(event.message);
    }
  }

  closed(): void {
    const [readings, givings] = [[...this.#readings.values()], [...this.#givings.values()]];
    this.#readings.clear();
    this.#givings.clear();
    this.#aheads.clear();
    for (const transfer of [...this.#ports.keys()]) this.#portLost(transfer);
    for (const reading of readings) reading.ended("source");
    for (const giving of givings) giving.ended(NOT_TAKEN);
    this.emit("closed");
  }

  #portLost(transfer: number): void {
    const port = this.#ports.get(transfer);
    this.#ports.delete(transfer);
    port?.lost();
  }
}

function giveOrder(giving: number, wanted: Given): ClipboardOrder {
  return { type: "give", giving, ...wanted };
}

function orderToLink(order: ClipboardOrder): ToLink {
  return { type: "order", service: CLIPBOARD.name, order };
}

export const clipboard = serviceClient(CLIPBOARD, (context) => new Clipboard(context));
