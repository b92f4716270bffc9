/** Template builds that the desktop asked for: one at a time for each recipe, with progress, cancelled when the application ends. */
import type { TemplateProgress } from "#shared/model/template.ts";
import { buildTemplate, type Recipe, recipeHash, recipeNamed, resolveCacheDir } from "../../images/builder/index.ts";
import { Emitter } from "../base/emitter.ts";

export interface TemplateBuildsEvents {
  progress: [TemplateProgress];
  /** It is built, or failed, or was cancelled. */
  ended: [name: string];
  /** Also where nothing had to be done. `isTemplate`: VMs of a person can be made of it; else it is a service's image. */
  built: [name: string, isTemplate: boolean];
}

interface Running {
  name: string;
  cancelling: AbortController;
  done: Promise<void>;
}

export class TemplateBuilds extends Emitter<TemplateBuildsEvents> {
  readonly #recipesFolder: string;
  readonly #build: typeof buildTemplate;
  /** By what is built: a service, or another version of it, may have the name of a template. */
  readonly #running = new Map<string, Running>();

  /** @param recipesFolder a person's own recipes */
  constructor(recipesFolder: string, build = buildTemplate) {
    super();
    this.#recipesFolder = recipesFolder;
    this.#build = build;
  }

  /**
   * Resolves when it is built; a second request for the same meanwhile joins its build.
   *
   * @param own of that name, where it is no template's
   * @throws AppError template.*
   */
  build(name: string, own?: Recipe): Promise<void> {
    const recipe = own ?? recipeNamed(name, this.#recipesFolder);
    const isTemplate = own === undefined;
    const key = JSON.stringify([name, isTemplate, recipeHash(recipe)]);
    const running = this.#running.get(key);
    if (running !== undefined) return running.done;
    const cancelling = new AbortController();
    const done = this.#build({
      recipe,
      cacheDir: resolveCacheDir(),
      signal: cancelling.signal,
      onProgress: ({ step, fraction, detail }) => this.emit("progress", { name, step, fraction, detail }),
    })
      .then(() => this.emit("built", name, isTemplate))
      .finally(() => {
        this.#running.delete(key);
        this.emit("ended", name);
      });
    this.#running.set(key, { name, cancelling, done });
    return done;
  }

  /** Each `build` of that name rejects with template.cancelled once all that it started has ended and its files are removed. */
  cancel(name: string): void {
    for (const one of this.#running.values()) if (one.name === name) one.cancelling.abort();
  }

  async cancelAll(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { cancelling } of running) cancelling.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }
}
