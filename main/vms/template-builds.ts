/** Template builds that the desktop asked for: one at a time for each recipe, with progress, cancelled when the application ends. */
import type { TemplateProgress } from "#shared/model/template.ts";
import { buildTemplate, type Recipe, recipeNamed, resolveCacheDir } from "../../images/builder/index.ts";
import { Emitter } from "../base/emitter.ts";

export interface TemplateBuildsEvents {
  progress: [TemplateProgress];
  /** It is built, or failed, or was cancelled. */
  ended: [name: string];
  /** Also where nothing had to be done. `isTemplate`: VMs of a person can be made of it; else it is a service's image. */
  built: [name: string, isTemplate: boolean];
}

interface Running {
  cancelling: AbortController;
  done: Promise<void>;
}

export class TemplateBuilds extends Emitter<TemplateBuildsEvents> {
  readonly #recipesFolder: string;
  readonly #running = new Map<string, Running>();

  /** @param recipesFolder a person's own recipes */
  constructor(recipesFolder: string) {
    super();
    this.#recipesFolder = recipesFolder;
  }

  /**
   * Resolves when it is built; a second request meanwhile joins the same build.
   *
   * @param own of that name, where it is no template's
   * @throws AppError template.*
   */
  build(name: string, own?: Recipe): Promise<void> {
    const running = this.#running.get(name);
    if (running !== undefined) return running.done;
    const recipe = own ?? recipeNamed(name, this.#recipesFolder);
    const cancelling = new AbortController();
    const done = buildTemplate({
      recipe,
      cacheDir: resolveCacheDir(),
      signal: cancelling.signal,
      onProgress: ({ step, fraction, detail }) => this.emit("progress", { name, step, fraction, detail }),
    })
      .then(() => this.emit("built", name, own === undefined))
      .finally(() => {
        this.#running.delete(name);
        this.emit("ended", name);
      });
    this.#running.set(name, { cancelling, done });
    return done;
  }

  /** Its `build` rejects with template.cancelled once all that it started has ended and its files are removed. */
  cancel(name: string): void {
    this.#running.get(name)?.cancelling.abort();
  }

  async cancelAll(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { cancelling } of running) cancelling.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }
}
