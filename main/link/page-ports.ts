/** The desktop's page at a link: its two MessagePorts. What the page says is parsed; what is not a command is dropped and logged. */
import {
  type LinkCommand,
  type LinkEvent,
  pageMessageSchema,
  type PixelCommand,
  type PixelEvent,
  pixelCommandSchema,
  type SurfaceEvent,
} from "#shared/ipc/link-port.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { SurfaceFeed } from "./surface-feed.ts";

/** A picture's time on the screen: what is replaced within it nobody would have seen. */
const WINDOW_MS = 16;

/** The part of Electron's MessagePortMain that is used. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: unknown }) => void): unknown;
  start(): void;
  close(): void;
}

export interface PageListener {
  command(command: LinkCommand): void;
  pixelCommand(command: PixelCommand): void;
  refused(what: string): void;
}

export class PagePorts {
  readonly #events: MessagePortLike;
  readonly #pixels: MessagePortLike;
  readonly #feed = new SurfaceFeed<SurfaceEvent>(WINDOW_MS, {
    send: (event) => this.#events.postMessage(event),
    mark: () => this.event({ type: "mark" }),
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
      else if (message.data.type === "markReached") this.#feed.reached();
      else listener.command(message.data);
    });
    pixels.on("message", ({ data }) => {
      if (this.#isClosed) return;
      const command = pixelCommandSchema.safeParse(data);
      if (command.success) listener.pixelCommand(command.data);
      else listener.refused(`command of the compositor: ${command.error.message}`);
    });
    events.start();
    pixels.start();
  }

  event(event: Exclude<LinkEvent, SurfaceEvent>): void {
    this.#events.postMessage(event);
  }

  surface(event: SurfaceEvent, retired: readonly SurfaceId[]): void {
    this.#feed.take(event, retired);
  }

  /** The page's last event. */
  end(event: Extract<LinkEvent, { type: "closed" }>): void {
    this.#feed.end();
    this.event(event);
  }

  pixels(event: PixelEvent): void {
    this.#pixels.postMessage(event);
  }

  close(): void {
    this.#isClosed = true;
    this.#feed.end();
    this.#events.close();
    this.#pixels.close();
  }
}
