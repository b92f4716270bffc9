/**
 * The host's keyboard layout, followed while the application runs: on X11 by the property that setxkbmap and desktops set,
 * else by the system's file; the setting goes before both. A Wayland desktop tells nobody of a change within its session:
 * there the setting helps.
 */
import { spawn } from "node:child_process";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { boundToUs } from "../base/bound-child.ts";
import { Emitter } from "../base/emitter.ts";
import { watchFolder } from "../base/watch-folder.ts";
import type { Keymap } from "../link/contract.ts";
import { hostKeymap, KEYBOARD_FILE } from "./keymap.ts";
import type { SettingsFile } from "./settings.ts";

export class HostKeymap extends Emitter<{ changed: [keymap: Keymap] }> {
  readonly #settings: SettingsFile;
  #current: Keymap;
  #reading: Promise<void> = Promise.resolve();
  #unwatch: () => void = () => undefined;

  private constructor(settings: SettingsFile, current: Keymap) {
    super();
    this.#settings = settings;
    this.#current = current;
  }

  static async read(settings: SettingsFile): Promise<HostKeymap> {
    return new HostKeymap(settings, await hostKeymap(settings.current));
  }

  get current(): Keymap {
    return this.#current;
  }

  /** Follows the host's layout from now on. */
  watch(): void {
    const unwatch = watchFolder(path.dirname(KEYBOARD_FILE), () => this.refresh());
    // It writes the property once, and then again at each change. Without xprop, or an X server, it ends.
    const [command, args] = boundToUs("TERM", "xprop", ["-root", "-spy", "_XKB_RULES_NAMES"]);
    const spy = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
    spy.on("error", () => undefined);
    spy.stdout.on("data", () => this.refresh());
    this.#unwatch = () => {
      unwatch();
      spy.kill();
    };
  }

  /** It is followed no more. */
  close(): void {
    this.#unwatch();
  }

  /** Something that the layout depends on has changed. */
  refresh(): void {
    this.#reading = this.#reading.then(async () => {
      const now = await hostKeymap(this.#settings.current);
      if (isDeepStrictEqual(now, this.#current)) return;
      this.#current = now;
      this.emit("changed", now);
    });
  }
}
