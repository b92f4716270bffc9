/** A typed emitter: node:events with a map of names to argument lists. */
import { EventEmitter } from "node:events";

/** Many parts follow the same object. Node's own limit, ten, would warn of a leak where there is none. */
const MAX_LISTENERS = 100;

export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #emitter = new EventEmitter().setMaxListeners(MAX_LISTENERS);

  /** Returns a function that ends the subscription. */
  on<Name extends keyof Events & string>(name: Name, listener: (...args: Events[Name]) => void): () => void {
    this.#emitter.on(name, listener as (...args: unknown[]) => void);
    return () => this.#emitter.off(name, listener as (...args: unknown[]) => void);
  }

  emit<Name extends keyof Events & string>(name: Name, ...args: Events[Name]): void {
    this.#emitter.emit(name, ...args);
  }
}
