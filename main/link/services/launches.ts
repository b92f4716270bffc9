/** Programs with windows that the host starts. */
import { cleanText } from "#shared/model/text.ts";
import { failureKind } from "#shared/protocol/failure.ts";
import { MAX_DETAIL_BYTES } from "#shared/protocol/limits.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { boundedInteger, boundedText, refuse } from "#shared/protocol/violation.ts";
import type { GiveUp } from "../contract.ts";
import {
  type AskedNow,
  type LaunchEvent,
  LAUNCHES,
  type LaunchOrder,
  type OpenHereOrder,
} from "../contracts/launches.ts";
import { MAX_OPEN_REQUESTS, OpenRequests } from "../open-requests.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

/** As many as an agent remembers (agents/linux/src/launch.rs): a window of an older one does not name it. */
const MAX_REMEMBERED = 256;

type Accepts = "launched" | "requestFailed" | "programEnded";

export class Launches implements LinkService<Accepts, LaunchOrder | OpenHereOrder | AskedNow | GiveUp> {
  readonly #context: LinkContext<"launch" | "openHere", LaunchEvent>;
  readonly #nowMs: () => number;
  /** Requests without an answer yet. */
  readonly #open = new OpenRequests<true>("launch");
  /** Of this epoch, by request: when it was ordered, by the link's clock. The newest MAX_REMEMBERED. */
  readonly #orderedAt = new Map<number, number>();
  /** Requests whose programs run; the newest MAX_REMEMBERED. */
  readonly #running = new Set<number>();
  /** The newest of those that were too many: of what is older it is not known whether it runs. */
  #forgotten = 0;

  constructor(context: LinkContext<"launch" | "openHere", LaunchEvent>, nowMs: () => number = () => performance.now()) {
    this.#context = context;
    this.#nowMs = nowMs;
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    launched: ({ request, pid }) => {
      const isAwaited = this.#isAwaited(request);
      this.#running.add(request);
      const [oldest] = this.#running;
      if (this.#running.size > MAX_REMEMBERED && oldest !== undefined) {
        this.#running.delete(oldest);
        this.#forgotten = Math.max(this.#forgotten, oldest);
      }
      if (isAwaited) this.#context.emit({ type: "launched", request, pid });
    },
    programEnded: ({ request, code, signal }) => {
      const end = {
        code: boundedInteger(code, 0, 255, "exit code"),
        signal: boundedInteger(signal, 0, 127, "signal"),
      };
      const wasRunning = this.#running.delete(request);
      if (!wasRunning && (request === 0 || request > this.#forgotten))
        refuse("unknown-request", `no program of launch ${request} runs`);
      if (wasRunning && (end.code !== 0 || end.signal !== 0)) this.#context.emit({ type: "ended", request, end });
    },
    requestFailed: ({ request, code, detail }) => {
      const isAwaited = this.#isAwaited(request);
      const cleaned = cleanText(boundedText(detail, MAX_DETAIL_BYTES, "detail"));
      if (isAwaited) this.#context.emit({ type: "failed", request, code: failureKind(code), detail: cleaned });
    },
  };

  order(order: LaunchOrder | OpenHereOrder | AskedNow | GiveUp): void {
    const { request } = order;
    if ("isGivenUp" in order) return this.#open.drop(request);
    if ("isAskedNow" in order) {
      if (this.#orderedAt.has(request)) this.#orderedAt.set(request, this.#nowMs());
      return;
    }
    if (!this.#open.add(request, true)) {
      const detail = `the VM has not answered the last ${MAX_OPEN_REQUESTS} starts`;
      return this.#context.emit({ type: "failed", request, code: "other", detail });
    }
    this.#orderedAt.set(request, this.#nowMs());
    const [oldest] = this.#orderedAt.keys();
    if (this.#orderedAt.size > MAX_REMEMBERED && oldest !== undefined) this.#orderedAt.delete(oldest);
    const appId = order.appId ?? "";
    if (!("open" in order)) {
      this.#context.send("launch", { request, appId, argv: order.argv, files: order.files });
    } else if (order.open.kind === "url") {
      this.#context.send("openHere", { request, appId, url: order.open.url });
    } else {
      this.#context.send("openHere", { request, appId, path: order.open.path });
    }
  }

  /** How long ago the host asked for this launch; null: it did not, or long ago. */
  ageMs(request: number): number | null {
    const atMs = this.#orderedAt.get(request);
    return atMs === undefined ? null : this.#nowMs() - atMs;
  }

  closed(): void {
    this.#open.close();
  }

  /** The guest has answered it; false: too late. */
  #isAwaited(request: number): boolean {
    const isAwaited = this.#open.stateOf(request) !== null;
    this.#open.end(request);
    return isAwaited;
  }
}

export const launches = linkService(
  LAUNCHES,
  {
    accepts: { launched: CONTROL, requestFailed: CONTROL, programEnded: CONTROL },
    sends: { launch: CONTROL, openHere: CONTROL },
  },
  (context) => new Launches(context),
);
