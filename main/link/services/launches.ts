/** Programs with windows that the host starts. */
import { cleanText } from "#shared/model/text.ts";
import { failureKind } from "#shared/protocol/failure.ts";
import { MAX_DETAIL_BYTES } from "#shared/protocol/limits.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { boundedText, refuse } from "#shared/protocol/violation.ts";
import { type LaunchEvent, LAUNCHES, type LaunchOrder } from "../contracts/launches.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

class Launches implements LinkService<"launched" | "requestFailed", LaunchOrder> {
  readonly #context: LinkContext<"launch", LaunchEvent>;
  /** Requests without an answer yet. */
  readonly #open = new Set<number>();
  /** All of this epoch. */
  readonly #requests = new Set<number>();

  constructor(context: LinkContext<"launch", LaunchEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<"launched" | "requestFailed">["messages"] = {
    launched: ({ request, pid }) => {
      this.#answered(request);
      this.#context.emit({ type: "launched", request, pid });
    },
    requestFailed: ({ request, code, detail }) => {
      this.#answered(request);
      const cleaned = cleanText(boundedText(detail, MAX_DETAIL_BYTES, "detail"));
      this.#context.emit({ type: "failed", request, code: failureKind(code), detail: cleaned });
    },
  };

  order({ request, appId, argv, files }: LaunchOrder): void {
    this.#open.add(request);
    this.#requests.add(request);
    this.#context.send("launch", { request, appId: appId ?? "", argv, files });
  }

  /** Whether the host has asked for this launch. */
  has(request: number): boolean {
    return this.#requests.has(request);
  }

  #answered(request: number): void {
    if (!this.#open.delete(request)) refuse("unknown-request", `an answer to launch ${request}, which waits for none`);
  }
}

export const launches = linkService(
  LAUNCHES,
  { accepts: { launched: CONTROL, requestFailed: CONTROL }, sends: { launch: CONTROL } },
  (context) => new Launches(context),
);
