/** Frames of surfaces on their way to the compositor, and its credits on their way to the agent. */
import type { SurfaceId } from "#shared/model/window.ts";
import { escapeForLog } from "#shared/model/text.ts";
import { acceptFrame } from "#shared/protocol/frame-check.ts";
import { CONTROL, FRAMES, withPayload } from "#shared/protocol/routes.ts";
import { DREW_MS, FRAMES_AHEAD, type FramesEvent, type FramesOrder } from "../contracts/frames.ts";
import { NewestPace } from "../newest-pace.ts";
import { type LinkContext, type LinkService, linkService, type PageHandlers } from "../service.ts";
import { output } from "./output.ts";
import { surfaces, type Surfaces } from "./surfaces.ts";

type Sends = "credit" | "refresh";

class Frames implements LinkService<"frame", FramesOrder> {
  readonly #context: LinkContext<Sends, FramesEvent>;
  readonly #surfaces: Surfaces;
  /** Surfaces that have had a whole frame. */
  readonly #drawn = new Set<SurfaceId>();
  /** By surface: its last serial when the present page gave its first credit. What began before belongs to an earlier page. */
  readonly #serialAtAttach = new Map<number, number>();
  readonly #drew = new NewestPace<"drew", FramesEvent>(DREW_MS, (event) => this.#context.emit(event));
  #isDrawnAhead = false;

  constructor(context: LinkContext<Sends, FramesEvent>) {
    this.#context = context;
    this.#surfaces = context.use(surfaces);
    this.#surfaces.onOpened((surface) => this.#drawAhead(surface));
    this.#surfaces.onRetired((retired) => {
      for (const surface of retired) {
        this.#drawn.delete(surface);
        // No frame of a surface is on its way to a page that has given no credit for it.
        if (this.#serialAtAttach.delete(surface)) this.#context.page?.pixels({ type: "retired", surface });
      }
    });
  }

  readonly messages = {
    frame: (untrusted, payload) => {
      const { maxBufferPx } = this.#context.use(output);
      const frame = acceptFrame(untrusted, payload, this.#surfaces.table, maxBufferPx);
      if (frame === null) return;
      if (frame.last && !this.#drawn.has(frame.surface)) {
        this.#drawn.add(frame.surface);
        this.#surfaces.drawn(frame.surface);
      }
      if (frame.last && this.#isAhead) {
        this.#drew.take("drew", { type: "drew" });
        this.#drawAhead(frame.surface);
      }
      // A page that has given no credit for it yet has no canvas, and one that came in the middle lacks the first part.
      const before = this.#serialAtAttach.get(frame.surface);
      if (before !== undefined && frame.serial > before) this.#context.page?.pixels(frame);
    },
  } satisfies LinkService<"frame", FramesOrder>["messages"];

  readonly commands: PageHandlers = {
    credit: ({ surface, count, shownSerial }) => this.#credit(surface, count, shownSerial),
    refresh: ({ surface }) => {
      if (this.#surfaces.isLive(surface)) this.#context.send("refresh", { surface });
    },
    violation: ({ surface, detail }) =>
      this.#context.violated({ code: "bad-pixels", detail: `surface ${surface}: ${escapeForLog(detail)}` }),
  };

  order({ isDrawnAhead }: FramesOrder): void {
    this.#isDrawnAhead = isDrawnAhead;
    for (const { id } of [...this.#surfaces.table.values()]) this.#drawAhead(id);
  }

  /** Before any of its commands: no surface has a credit of this page. */
  pageAttached(): void {
    this.#isDrawnAhead = false;
    this.#serialAtAttach.clear();
  }

  closed(): void {
    this.#drew.end();
  }

  get #isAhead(): boolean {
    return this.#isDrawnAhead && this.#context.page === null;
  }

  /** One frame at a time: a page that comes later takes over what is left of its credit. */
  #drawAhead(id: SurfaceId): void {
    const surface = this.#surfaces.table.find(id);
    if (!this.#isAhead || surface === undefined || surface.credits > 0) return;
    if (this.#surfaces.table.grant(id, 1) === 1)
      this.#context.send("credit", { surface: id, count: 1, shownSerial: surface.lastSerial });
  }

  #credit(id: number, wanted: number, shownSerial: number): void {
    const surface = this.#surfaces.table.find(id);
    if (surface === undefined) return;
    let count = wanted;
    if (!this.#serialAtAttach.has(id)) {
      this.#serialAtAttach.set(id, surface.lastSerial);
      // What is left of an earlier page's credits is this one's, and the guest has to begin anew.
      count = Math.max(0, wanted - surface.credits);
      if (surface.lastSerial > 0) this.#context.send("refresh", { surface: id });
    }
    const granted = this.#surfaces.table.grant(id, count);
    if (granted > 0) this.#context.send("credit", { surface: id, count: granted, shownSerial });
  }
}

export const frames = linkService(
  FRAMES_AHEAD,
  { accepts: { frame: withPayload(FRAMES) }, sends: { credit: FRAMES, refresh: CONTROL } },
  (context) => new Frames(context),
);
