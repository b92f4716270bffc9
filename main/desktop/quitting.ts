/** How the application ends, and what a person is asked before: what becomes of the VMs that run. */
import type { VmsOnQuit } from "#shared/ipc/desktop.ts";
import { messageOf } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { log, logDefect } from "../base/log.ts";
import type { Page } from "../ipc/page.ts";
import type { SettingsFile } from "../settings/settings.ts";

/** A page that does not show the prompt by then cannot ask. */
const PROMPT_TIMEOUT_MS = 1_000;

export interface QuittingParts {
  application: {
    /** VMs that run and would go on without the application. */
    readonly lastingVms: readonly { readonly id: VmId }[];
    stopAll(): Promise<string[]>;
  };
  settings: Pick<SettingsFile, "load" | "current" | "remember">;
  page: Page;
  /** Lets go of everything. */
  end(): Promise<void>;
  /** Ends the process. `again`: the application that is installed by now starts in its place. */
  exit(again: boolean): void;
}

export class Quitting {
  readonly #parts: QuittingParts;
  #stopping: Promise<string[]> | null = null;
  #hasEnded = false;
  /** The prompt that is open: aborted, it is taken back. */
  #asking: AbortController | null = null;

  constructor(parts: QuittingParts) {
    this.#parts = parts;
  }

  /** Resolves when all VMs have stopped, or have failed to: with the names of those. */
  stopVms(): Promise<string[]> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<string[]> {
    const { application } = this.#parts;
    const stopped = new AbortController();
    void this.#offerToKeep(
      application.lastingVms.map(({ id }) => id),
      stopped.signal,
    );
    return application.stopAll().finally(() => stopped.abort());
  }

  /** A person need not wait until these VMs are off. A page that is reloaded meanwhile shows it again. */
  async #offerToKeep(vms: readonly VmId[], signal: AbortSignal): Promise<void> {
    if (vms.length === 0) return;
    const answer = await this.#parts.page.askUntilAnswered("quitting", { vms: [...vms] }, { signal });
    if (answer !== null) await this.quit("keep");
  }

  /** "stop": ends when all VMs have stopped, or at once when "keep" comes meanwhile. */
  async quit(vms: VmsOnQuit, again = false): Promise<void> {
    if (vms === "stop") await this.stopVms();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    // It is asked once: an application that stayed because of what it could not let go of would stay for ever.
    await this.#parts.end().catch((error: unknown) => logDefect("the end", error));
    this.#parts.exit(again);
  }

  /** A person closes the desktop's window: they are asked what becomes of running VMs, and the window stays open meanwhile. */
  async closing(): Promise<void> {
    if (this.#stopping !== null) return;
    const { application, settings, page } = this.#parts;
    const vms = application.lastingVms.map(({ id }) => id);
    if (vms.length === 0) return this.quit("keep");
    await settings.load();
    const { onQuit } = settings.current;
    if (onQuit !== "ask") return this.quit(onQuit);
    // Asked anew each time: a page that has hung since it showed the prompt must not keep the window open for ever.
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const timer = setTimeout(() => void this.quit("keep"), PROMPT_TIMEOUT_MS);
    const options = { signal: asking.signal, shown: () => clearTimeout(timer) };
    const answer = await page.askUntilAnswered("quit", { vms }, options);
    clearTimeout(timer);
    if (answer === null) return;
    if (answer.remember) await this.#remember(answer.vms);
    await this.quit(answer.vms);
  }

  async #remember(vms: VmsOnQuit): Promise<void> {
    await this.#parts.settings.remember("onQuit", vms).catch((error: unknown) => log(messageOf(error)));
  }
}
