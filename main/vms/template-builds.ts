/** Template builds that the desktop asked for: one at a time for each name, with progress, cancelled when the application ends. */
import type { TemplateProgress } from "#shared/model/template.ts";
import { buildTemplate, type Recipe, recipeHash, recipeNamed, resolveCacheDir } from "../../images/builder/index.ts";
import { Emitter } from "../base/emitter.ts";

export interface TemplateBuildsEvents {
  progress: [TemplateProgress];
  /** It is built, or failed, or was cancelled, and no other of that name follows. */
  ended: [name: string];
  /** Also where nothing had to be done. `isTemplate`: VMs of a person can be made of it; else it is a service's image. */
  built: [name: string, isTemplate: boolean];
}

interface Running {
  hash: string;
  cancelling: AbortController;
  done: Promise<void>;
}

export class TemplateBuilds extends Emitter<TemplateBuildsEvents> {
  readonly #recipesFolder: string;
  /** By name: the one that runs first, then those that wait for it. */
  readonly #running = new Map<string, Running[]>();

  /** @param recipesFolder a person's own recipes */
  constructor(recipesFolder: string) {
    super();
    this.#recipesFolder = recipesFolder;
  }

  /**
   * Resolves when it is built; a second request meanwhile joins the same build. Where the recipe has been edited since, or that
   * build is being cancelled, it is built after it.
   *
   * @param own of that name, where it is no template's
   * @throws AppError template.*
   */
  build(name: string, own?: Recipe): Promise<void> {
    const recipe = own ?? recipeNamed(name, this.#recipesFolder);
    const hash = recipeHash(recipe);
    const before = this.#running.get(name) ?? [];
    const same = before.find((one) => one.hash === hash && !one.cancelling.signal.aborted);
    if (same !== undefined) return same.done;
    const cancelling = new AbortController();
    // Progress is known by the name: that of two at once would be mixed up.
    const earlier = Promise.allSettled(before.map(({ done }) => done));
    const done = earlier
      .then(() =>
        buildTemplate({
          recipe,
          cacheDir: resolveCacheDir(),
          signal: cancelling.signal,
          onProgress: ({ step, fraction, detail }) => this.emit("progress", { name, step, fraction, detail }),
        }),
      )
      .then(() => this.emit("built", name, own === undefined))
      .finally(() => this.#forget(name, running));
    const running: Running = { hash, cancelling, done };
    this.#running.set(name, [...before, running]);
    return done;
  }

  /** Its `build` rejects with template.cancelled once all that it started has ended and its files are removed. */
  cancel(name: string): void {
    for (const { cancelling } of this.#running.get(name) ?? []) cancelling.abort();
  }

  async cancelAll(): Promise<void> {
    const running = [...this.#running.values()].flat();
    for (const { cancelling } of running) cancelling.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }

  #forget(name: string, ended: Running): void {
    const left = (this.#running.get(name) ?? []).filter((one) => one !== ended);
    if (left.length > 0) return void this.#running.set(name, left);
    this.#running.delete(name);
    this.emit("ended", name);
  }
}
