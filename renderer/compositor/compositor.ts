/** The page's side of the compositor worker. */
import type { FrameInfo } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { FromCompositor, Layer, LinkSessionId, ToCompositor } from "./worker/messages.ts";

export interface FrameListener {
  /** A frame was drawn whose size, geometry or configure serial differs from the one before it. */
  frameChanged(surface: SurfaceId, frame: FrameInfo): void;
  /** The surface has become translucent: call `replaceCanvas` with a new canvas in the old one's place. */
  canvasWanted(surface: SurfaceId): void;
  /** What the surface shows is lost: its guest has to send all of it again. */
  refreshWanted(surface: SurfaceId): void;
}

export class Compositor {
  readonly #worker = new Worker(new URL("./compositor.worker.ts", import.meta.url), {
    type: "module",
    name: "compositor",
  });
  readonly #listeners = new Map<LinkSessionId, FrameListener>();
  readonly #screenshots = new Map<number, (png: Uint8Array | null) => void>();
  /** Hears what goes wrong in the worker itself, so that windows may not be drawn. */
  failed: (detail: string) => void = () => undefined;
  #sessions = 0;
  #requests = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromCompositor>) => this.#received(data);
    this.#worker.onerror = ({ message }) => this.failed(message);
  }

  /** A VM's link has connected. `pixels` is transferred to the worker. */
  link(pixels: MessagePort, listener: FrameListener): LinkSessionId {
    const session = (this.#sessions += 1) as LinkSessionId;
    this.#listeners.set(session, listener);
    this.#send({ type: "link", session, pixels }, [pixels]);
    return session;
  }

  open(session: LinkSessionId, surface: SurfaceId, element: HTMLCanvasElement): void {
    const canvas = element.transferControlToOffscreen();
    this.#send({ type: "open", session, surface, canvas }, [canvas]);
  }

  replaceCanvas(session: LinkSessionId, surface: SurfaceId, element: HTMLCanvasElement): void {
    const canvas = element.transferControlToOffscreen();
    this.#send({ type: "replaceCanvas", session, surface, canvas }, [canvas]);
  }

  setVisible(session: LinkSessionId, surface: SurfaceId, isVisible: boolean): void {
    this.#send({ type: "visibility", session, surface, isVisible });
  }

  keyPressed(session: LinkSessionId): void {
    // With one VM there is nothing to hold back; skip the extra worker message on the input path.
    if (this.#listeners.size > 1) this.#send({ type: "keyPressed", session });
  }

  forget(session: LinkSessionId, surface: SurfaceId): void {
    this.#send({ type: "forget", session, surface });
  }

  end(session: LinkSessionId): void {
    this.#listeners.delete(session);
    this.#send({ type: "end", session });
  }

  /** The page's area on the screen, physical pixels: memory and pictures are bounded by it. */
  setScreen(px: number): void {
    this.#send({ type: "screen", px });
  }

  /** PNG of `layers`, bottom to top; null = it could not be made. */
  screenshot(width: number, height: number, layers: Layer[]): Promise<Uint8Array | null> {
    const request = (this.#requests += 1);
    return new Promise((resolve) => {
      this.#screenshots.set(request, resolve);
      this.#send({ type: "screenshot", request, width, height, layers });
    });
  }

  #received(message: FromCompositor): void {
    if (message.type === "frameChanged")
      return this.#listeners.get(message.session)?.frameChanged(message.surface, message.frame);
    if (message.type === "canvasWanted") return this.#listeners.get(message.session)?.canvasWanted(message.surface);
    if (message.type === "refreshWanted") return this.#listeners.get(message.session)?.refreshWanted(message.surface);
    if (message.type === "failed") return this.failed(message.detail);
    this.#screenshots.get(message.request)?.(message.png);
    this.#screenshots.delete(message.request);
  }

  #send(message: ToCompositor, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
