/** What programs of a guest ask the host to open or to send elsewhere. */
import { WantedTable, WIRE_OUTCOMES } from "#shared/protocol/opening.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { type OpeningEvent, type OpeningOrder, OPENING } from "../contracts/opening.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

type Accepts = "openWanted" | "sendWanted";
type Sends = "openAnswered" | "sendAnswered";

/** That main hears of. More are answered as failed at once: no person opens as much. */
const WANTED_PER_S = 20;
const WANTED_BURST = 60;
const TOO_MANY = "Too much is opened at once: try again in a moment.";

class Opening implements LinkService<Accepts, OpeningOrder> {
  readonly #context: LinkContext<Sends, OpeningEvent>;
  readonly #table = new WantedTable();
  readonly #pace = new RateLimit(WANTED_PER_S, WANTED_BURST);

  constructor(context: LinkContext<Sends, OpeningEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    openWanted: (untrusted) => {
      const accepted = this.#table.acceptOpen(untrusted);
      if (this.#pace.take()) this.#context.emit({ type: "open", ...accepted });
      else this.order({ type: "answerOpen", wanted: accepted.wanted, outcome: "failed", detail: TOO_MANY });
    },
    sendWanted: (untrusted) => {
      const accepted = this.#table.acceptSend(untrusted);
      if (this.#pace.take()) this.#context.emit({ type: "send", ...accepted });
      else this.order({ type: "answerSend", wanted: accepted.wanted, outcome: "failed", detail: TOO_MANY });
    },
  };

  order({ type, wanted, outcome, detail }: OpeningOrder): void {
    const kind = type === "answerOpen" ? "open" : "send";
    if (!this.#table.answer(wanted, kind)) return;
    const answer = { wanted, outcome: WIRE_OUTCOMES[outcome], detail };
    if (kind === "open") this.#context.send("openAnswered", answer);
    else this.#context.send("sendAnswered", answer);
  }
}

export const opening = linkService(
  OPENING,
  {
    accepts: { openWanted: CONTROL, sendWanted: CONTROL },
    sends: { openAnswered: CONTROL, sendAnswered: CONTROL },
  },
  (context) => new Opening(context),
);
