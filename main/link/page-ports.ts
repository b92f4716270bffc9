/** The desktop's page at a link: its two MessagePorts. What the page says is parsed; what is not a command is dropped and logged. */
import {
  type LinkCommand,
  type LinkEvent,
  pageMessageSchema,
  type PixelCommand,
  type PixelEvent,
  pixelCommandSchema,
} from "#shared/ipc/link-port.ts";
import type { SurfaceEvent } from "#shared/model/surface-event.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { MessagePortLike } from "./message-port.ts";
import { SurfaceEventCoalescer } from "./surface-event-coalescer.ts";

/** One refresh of the screen: nobody would have seen what is replaced within it. */
const WINDOW_MS = 16;

/** What the page says, and its compositor. */
export type PageCommand = LinkCommand | PixelCommand;

export interface PageListener {
  command(command: PageCommand): void;
  refused(what: string): void;
}

export class PagePorts {
  readonly #events: MessagePortLike;
  readonly #pixels: MessagePortLike;
  readonly #coalescer = new SurfaceEventCoalescer<SurfaceEvent>(WINDOW_MS, {
    send: (event) => this.#events.postMessage(event),
    fence: () => this.event({ type: "fence" }),
  });
  #isClosed = false;

  constructor(events: MessagePortLike, pixels: MessagePortLike, listener: PageListener) {
    this.#events = events;
    this.#pixels = pixels;
    // What a page said last may still be on its way when another has come.
    events.on("message", ({ data }) => {
      if (this.#isClosed) return;
      const message = pageMessageSchema.safeParse(data);
      if (!message.success) listener.refused(`message of the page: ${message.error.message}`);
      else if (message.data.type === "fenceReached") this.#coalescer.fenceReached();
      else listener.command(message.data);
    });
    pixels.on("message", ({ data }) => {
      if (this.#isClosed) return;
      const command = pixelCommandSchema.safeParse(data);
      if (command.success) listener.command(command.data);
      else listener.refused(`command of the compositor: ${command.error.message}`);
    });
    events.start();
    pixels.start();
  }

  event(event: Exclude<LinkEvent, SurfaceEvent>): void {
    this.#events.postMessage(event);
  }

  surface(event: SurfaceEvent, retired: readonly SurfaceId[]): void {
    this.#coalescer.take(event, retired);
  }

  /** The page's last event. */
  end(event: Extract<LinkEvent, { type: "closed" }>): void {
    this.#coalescer.end();
    this.event(event);
  }

  pixels(event: PixelEvent): void {
    this.#pixels.postMessage(event);
  }

  close(): void {
    this.#isClosed = true;
    this.#coalescer.end();
    this.#events.close();
    this.#pixels.close();
  }
}
