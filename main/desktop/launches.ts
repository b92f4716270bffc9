/** What starts of the application and the `atoll` command want opened: it waits until the desktop is there. */
import type { LaunchItem } from "#shared/model/launch-item.ts";

export interface LaunchesParts {
  /** Brings the desktop to the front. */
  raise(): void;
  /** Opens each where it belongs. What fails is said to the person by whoever opens it. */
  openAll(items: readonly LaunchItem[]): void;
}

export class Launches {
  /** null: the desktop is not there yet. */
  #parts: LaunchesParts | null = null;
  readonly #waiting: LaunchItem[] = [];

  /** An empty list asks for the desktop alone. */
  add(items: readonly LaunchItem[]): void {
    this.#waiting.push(...items);
    this.#parts?.raise();
    this.#openWaiting();
  }

  /** What waits is another process's to open. */
  takeWaiting(): LaunchItem[] {
    return this.#waiting.splice(0);
  }

  /** From now on nothing waits. */
  desktopOpened(parts: LaunchesParts): void {
    this.#parts = parts;
    this.#openWaiting();
  }

  #openWaiting(): void {
    if (this.#parts === null || this.#waiting.length === 0) return;
    this.#parts.openAll(this.#waiting.splice(0));
  }
}
