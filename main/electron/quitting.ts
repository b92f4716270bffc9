/** How the application ends, and what a person is asked before: what becomes of the VMs that run. */
import type { Atoll } from "../atoll.ts";
import { log } from "../base/log.ts";
import type { SettingsFile } from "../settings/settings.ts";
import type { DesktopWindow } from "./desktop-window.ts";
import { messageOf } from "#shared/model/app-error.ts";

/** A page that does not show the prompt by then cannot ask. */
const PROMPT_TIMEOUT_MS = 1_000;

export type VmsOnQuit = "keep" | "stop";

export interface QuittingParts {
  atoll: Atoll;
  settings: SettingsFile;
  /** Lets go of everything and ends the process. */
  end(): Promise<void>;
}

export class Quitting {
  readonly #parts: QuittingParts;
  #stopping: Promise<string[]> | null = null;
  #hasEnded = false;
  #promptTimer: NodeJS.Timeout | undefined;

  constructor(parts: QuittingParts) {
    this.#parts = parts;
  }

  /** Resolves when all VMs have stopped, or have failed to: with the names of those. */
  stopVms(): Promise<string[]> {
    this.#stopping ??= this.#parts.atoll.stopAll();
    return this.#stopping;
  }

  /** "stop": ends when all VMs have stopped, or at once when "keep" comes meanwhile. */
  async quit(vms: VmsOnQuit): Promise<void> {
    if (vms === "stop") await this.stopVms();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#parts.end();
  }

  /** As a person has chosen in the prompt. */
  async chosen(vms: VmsOnQuit, isRemembered: boolean): Promise<void> {
    if (isRemembered) {
      await this.#parts.settings.remember("onQuit", vms).catch((error: unknown) => log(messageOf(error)));
    }
    await this.quit(vms);
  }

  /** A person closes the desktop's window. */
  async closing(window: DesktopWindow): Promise<void> {
    if (this.#stopping !== null) return;
    const { atoll, settings } = this.#parts;
    const running = atoll.lastingVms.map(({ id }) => id);
    if (running.length === 0) return this.quit("keep");
    await settings.load();
    const { onQuit } = settings.current;
    if (onQuit !== "ask") return this.quit(onQuit);
    window.send("quit.asked", { vms: running });
    clearTimeout(this.#promptTimer);
    this.#promptTimer = setTimeout(() => void this.quit("keep"), PROMPT_TIMEOUT_MS);
  }

  promptShown(): void {
    clearTimeout(this.#promptTimer);
  }
}
