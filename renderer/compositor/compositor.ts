/** The page's side of the compositor worker. */
import type { SurfaceId } from "#shared/model/window.ts";
import type { FromCompositor, Layer, LifeId, Picture, ToCompositor } from "./worker/messages.ts";

export interface PictureListener {
  /** A picture was drawn that changes more than pixels. */
  pictureChanged(surface: SurfaceId, picture: Picture): void;
  /** The surface has become translucent: `open` it again, with a new canvas in the old one's place. */
  canvasWanted(surface: SurfaceId): void;
}

export class Compositor {
  readonly #worker = new Worker(new URL("./compositor.worker.ts", import.meta.url), {
    type: "module",
    name: "compositor",
  });
  readonly #listeners = new Map<LifeId, PictureListener>();
  readonly #screenshots = new Map<number, (png: Uint8Array | null) => void>();
  #lives = 0;
  #requests = 0;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromCompositor>) => this.#received(data);
  }

  /** A new life of a VM's link. */
  link(pixels: MessagePort, listener: PictureListener): LifeId {
    const life = (this.#lives += 1) as LifeId;
    this.#listeners.set(life, listener);
    this.#send({ type: "link", life, pixels }, [pixels]);
    return life;
  }

  open(life: LifeId, surface: SurfaceId, element: HTMLCanvasElement): void {
    const canvas = element.transferControlToOffscreen();
    this.#send({ type: "surface", life, surface, canvas }, [canvas]);
  }

  setVisible(life: LifeId, surface: SurfaceId, isVisible: boolean): void {
    this.#send({ type: "visibility", life, surface, isVisible });
  }

  keyPressed(life: LifeId): void {
    // Without others there is nothing to hold back, and the key's way is short of processors as it is.
    if (this.#listeners.size > 1) this.#send({ type: "keyPressed", life });
  }

  forget(life: LifeId, surface: SurfaceId): void {
    this.#send({ type: "forget", life, surface });
  }

  end(life: LifeId): void {
    this.#listeners.delete(life);
    this.#send({ type: "end", life });
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
    if (message.type === "picture")
      return this.#listeners.get(message.life)?.pictureChanged(message.surface, message.picture);
    if (message.type === "canvasWanted") return this.#listeners.get(message.life)?.canvasWanted(message.surface);
    this.#screenshots.get(message.request)?.(message.png);
    this.#screenshots.delete(message.request);
  }

  #send(message: ToCompositor, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}
