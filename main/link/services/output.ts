/** The host's screen, for the guest; and how large its buffers may be for it. */
import { maxBufferPx } from "#shared/protocol/limits.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { serviceContract } from "../contract.ts";
import { type AnyLinkService, type LinkContext, linkService, type PageHandlers } from "../service.ts";

class Output implements AnyLinkService {
  readonly messages = {};
  readonly #context: LinkContext<"outputChanged">;
  #largestPx: number;

  constructor(context: LinkContext<"outputChanged">) {
    this.#context = context;
    this.#largestPx = context.output.width * context.output.height;
  }

  readonly commands: PageHandlers = {
    output: ({ width, height, scale120, refreshMhz }) => {
      const output = { width, height, scale120, refreshMhz };
      // Buffers for a larger output that was there before may still be on their way.
      this.#largestPx = Math.max(this.#largestPx, width * height);
      this.#context.send("outputChanged", { output });
    },
  };

  get maxBufferPx(): number {
    return maxBufferPx(this.#largestPx);
  }
}

export const output = linkService(
  serviceContract<never, never>("output"),
  { accepts: {}, sends: { outputChanged: CONTROL } },
  (context) => new Output(context),
);
