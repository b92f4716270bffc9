/** Main's side of what programs of a guest ask the host to open, to send elsewhere or to scan. Each is answered once. */
import type { AcceptedOpen, AcceptedScan, AcceptedSend, ScanAnswer, WantedOutcome } from "#shared/protocol/opening.ts";
import { Emitter } from "../../base/emitter.ts";
import { OPENING, type OpeningEvent, type OpeningOrder } from "../../link/contracts/opening.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface OpeningEvents {
  open: [AcceptedOpen];
  send: [AcceptedSend];
  scan: [AcceptedScan];
  /** Nobody waits for that scan any more. */
  scanDropped: [wanted: number];
  /** The link is gone, and with it all that wait for an answer. */
  closed: [];
}

export class Opening extends Emitter<OpeningEvents> implements ServiceClient<OpeningEvent> {
  readonly #context: ClientContext<OpeningOrder>;

  constructor(context: ClientContext<OpeningOrder>) {
    super();
    this.#context = context;
  }

  /** `here`: the agent opens it with a program of its guest. `detail`: for the program that has asked; "" = nothing to say. */
  answerOpen(wanted: number, outcome: WantedOutcome, detail = ""): void {
    this.#context.sendIfLinked({ type: "answerOpen", wanted, outcome, detail });
  }

  answerSend(wanted: number, outcome: Exclude<WantedOutcome, "here">, detail = ""): void {
    this.#context.sendIfLinked({ type: "answerSend", wanted, outcome, detail });
  }

  answerScan(wanted: number, answer: ScanAnswer): void {
    this.#context.sendIfLinked({ type: "answerScan", wanted, answer });
  }

  happened(event: OpeningEvent): void {
    switch (event.type) {
      case "open": {
        const { wanted, target, edit, disposable, noProgram } = event;
        return this.emit("open", { wanted, target, edit, disposable, noProgram });
      }
      case "send": {
        const { wanted, paths, count, to } = event;
        return this.emit("send", { wanted, paths, count, to });
      }
      case "scan":
        return this.emit("scan", { wanted: event.wanted, paths: event.paths });
      case "scanDropped":
        return this.emit("scanDropped", event.wanted);
    }
  }

  closed(): void {
    this.emit("closed");
  }
}

export const opening = serviceClient(OPENING, (context) => new Opening(context));
