/** The desktop's page at a link: its two MessagePorts. What the page says is parsed; what is not a command is dropped and logged. */
import {
  type LinkCommand,
  type LinkEvent,
  linkCommandSchema,
  type PixelCommand,
  type PixelEvent,
  pixelCommandSchema,
} from "#shared/ipc/link-port.ts";

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
  #isClosed = false;

  constructor(events: MessagePortLike, pixels: MessagePortLike, listener: PageListener) {
    this.#events = events;
    this.#pixels = pixels;
    // What a page said last may still be on its way when another has come.
    events.on("message", ({ data }) => {
      if (this.#isClosed) return;
      const command = linkCommandSchema.safeParse(data);
      if (command.success) listener.command(command.data);
      else listener.refused(`command of the page: ${command.error.message}`);
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

  event(event: LinkEvent): void {
    this.#events.postMessage(event);
  }

  pixels(event: PixelEvent): void {
    this.#pixels.postMessage(event);
  }

  close(): void {
    this.#isClosed = true;
    this.#events.close();
    this.#pixels.close();
  }
}
