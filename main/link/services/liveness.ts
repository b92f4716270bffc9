/** Asks the agent every few seconds whether it is there. */
import { CONTROL } from "#shared/protocol/routes.ts";
import { refuse } from "#shared/protocol/violation.ts";
import { LIVENESS, type LivenessEvent, type LivenessOrder } from "../contracts/liveness.ts";
import { Heartbeat } from "../heartbeat.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

class Liveness implements LinkService<"pong", LivenessOrder> {
  readonly #heartbeat: Heartbeat;
  /** Pings without an answer yet. */
  readonly #open = new Set<bigint>();

  constructor(context: LinkContext<"ping", LivenessEvent>) {
    this.#heartbeat = new Heartbeat({
      ping: (nonce) => {
        this.#open.add(nonce);
        context.send("ping", { nonce });
      },
      changed: (isResponsive) => context.emit({ isResponsive }),
    });
  }

  readonly messages = {
    pong: ({ nonce }) => {
      if (!this.#open.delete(nonce)) refuse("unknown-request", "pong without a ping");
      this.#heartbeat.answered(nonce);
    },
  } satisfies LinkService<"pong">["messages"];

  order({ isPaused }: LivenessOrder): void {
    this.#heartbeat.suspend(isPaused);
  }

  opened(): void {
    this.#heartbeat.start();
  }

  closed(): void {
    this.#heartbeat.stop();
  }
}

export const liveness = linkService(
  LIVENESS,
  { accepts: { pong: CONTROL }, sends: { ping: CONTROL } },
  (context) => new Liveness(context),
);
