/** What programs of a guest ask the host to open, to send elsewhere or to scan. */
import { WantedTable, WIRE_OUTCOMES, WIRE_VERDICTS } from "#shared/protocol/opening.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { type OpeningEvent, type OpeningOrder, OPENING } from "../contracts/opening.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

type Accepts = "openWanted" | "sendWanted" | "scanWanted" | "scanDropped";
type Sends = "openAnswered" | "sendAnswered" | "scanAnswered";

/** That main hears of. More are answered as failed at once: no person opens as much. */
const WANTED_PER_S = 20;
const WANTED_BURST = 60;
const TOO_MANY = "Too much is opened at once: try again in a moment.";
const TOO_MANY_SCANS = "Too much is scanned at once: try again in a moment.";

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
    scanWanted: (untrusted) => {
      const accepted = this.#table.acceptScan(untrusted);
      if (this.#pace.take()) return this.#context.emit({ type: "scan", ...accepted });
      const answer = { verdict: "not-scanned", files: [], detail: TOO_MANY_SCANS } as const;
      this.order({ type: "answerScan", wanted: accepted.wanted, answer });
    },
    scanDropped: (untrusted) => {
      if (this.#table.acceptScanDropped(untrusted))
        this.#context.emit({ type: "scanDropped", wanted: untrusted.wanted });
    },
  };

  order(order: OpeningOrder): void {
    if (order.type === "answerScan") return this.#answerScan(order);
    const { type, wanted, outcome, detail } = order;
    const kind = type === "answerOpen" ? "open" : "send";
    if (!this.#table.answer(wanted, kind)) return;
    const answer = { wanted, outcome: WIRE_OUTCOMES[outcome], detail };
    if (kind === "open") this.#context.send("openAnswered", answer);
    else this.#context.send("sendAnswered", answer);
  }

  #answerScan({ wanted, answer: { verdict, files, detail } }: Extract<OpeningOrder, { type: "answerScan" }>): void {
    if (!this.#table.answer(wanted, "scan")) return;
    const named = files.map((file) => ({ ...file, verdict: WIRE_VERDICTS[file.verdict] }));
    this.#context.send("scanAnswered", { wanted, verdict: WIRE_VERDICTS[verdict], files: named, detail });
  }
}

export const opening = linkService(
  OPENING,
  {
    accepts: { openWanted: CONTROL, sendWanted: CONTROL, scanWanted: CONTROL, scanDropped: CONTROL },
    sends: { openAnswered: CONTROL, sendAnswered: CONTROL, scanAnswered: CONTROL },
  },
  (context) => new Opening(context),
);
