/** Main's side of what programs of a guest ask the host to open or to send elsewhere. Each is answered once. */
import type { AcceptedOpen, AcceptedSend, WantedOutcome } from "#shared/protocol/opening.ts";
import { Emitter } from "../../base/emitter.ts";
import { OPENING, type OpeningEvent, type OpeningOrder } from "../../link/contracts/opening.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface OpeningEvents {
  open: [AcceptedOpen];
  send: [AcceptedSend];
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

  happened(event: OpeningEvent): void {
    if (event.type === "open") {
      const { wanted, target, edit, disposable, noProgram } = event;
      this.emit("open", { wanted, target, edit, disposable, noProgram });
    } else {
      const { wanted, paths, count, to } = event;
      this.emit("send", { wanted, paths, count, to });
    }
  }

  closed(): void {
    this.emit("closed");
  }
}

export const opening = serviceClient(OPENING, (context) => new Opening(context));
