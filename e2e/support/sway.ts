/** A Wayland display without a screen: sway, which starts as no root, with programs of its own beside Atoll. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import { resolveElectron } from "../../scripts/setup/electron.mjs";
import type { Surroundings } from "./desktop.ts";

const CONFIG = `output HEADLESS-1 resolution 1600x1000
default_border none
`;

export class Sway {
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async start(): Promise<Sway> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-sway-"));
    const sway = new Sway(folder);
    const config = path.join(folder, "config");
    fs.writeFileSync(config, CONFIG);
    const words = ["sway", "--config", config];
    if (process.getuid?.() === 0) {
      const [uid, gid] = await Promise.all([idOf("-u"), idOf("-g")]);
      for (const file of [folder, config]) fs.chownSync(file, uid, gid);
      words.unshift("setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups");
    }
    const env = { WLR_BACKENDS: "headless", WLR_RENDERER: "pixman", WLR_LIBINPUT_NO_DEVICES: "1", DISPLAY: undefined };
    sway.#spawn(words, env);
    await expect.poll(() => sway.#socket(/^wayland-\d+$/)).not.toBe("");
    // Nobody has a keyboard there otherwise, and what has none is never focused. It is held for as long as this sleeps.
    sway.#spawn(["wtype", "-s", String(24 * 60 * 60 * 1000), "-k", "F24"]);
    return sway;
  }

  /** What Atoll is started with to be a program of this display. */
  get surroundings(): Surroundings {
    const { executable } = resolveElectron();
    return { electron: { executablePath: executable, env: { ...this.#env, ELECTRON_OZONE_PLATFORM_HINT: "wayland" } } };
  }

  /** As another program of the display copies: it answers until somebody else copies. */
  copy(text: string): Promise<void> {
    const child = this.#spawn(["wl-copy", "--foreground"], {}, "pipe");
    child.stdin?.end(text);
    // wl-paste fails while there is nothing.
    return expect(async () => expect(await this.paste()).toBe(text)).toPass();
  }

  /** As another program of the display pastes. */
  async paste(): Promise<string> {
    return this.#run("wl-paste", "--no-newline");
  }

  /**
   * A key of the display for the window that has the keyboard. A compositor takes a copy only from whom it has given one. It is
   * no key that means anything: those of wtype have a key map of their own, in which no key is where it is on a real keyboard.
   */
  async pressKey(): Promise<void> {
    await this.#run("wtype", "-k", "F24");
  }

  /** Shows another workspace; the windows of this one lose the keyboard. */
  async workspace(name: string): Promise<void> {
    await this.#run("swaymsg", "--socket", path.join(this.#folder, this.#socket(/^sway-ipc/)), "workspace", name);
  }

  async end(): Promise<void> {
    for (const child of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    }
    fs.rmSync(this.#folder, { recursive: true });
  }

  get #env(): Record<string, string> {
    return { XDG_RUNTIME_DIR: this.#folder, WAYLAND_DISPLAY: this.#socket(/^wayland-\d+$/), DISPLAY: "" };
  }

  /** "": there is none yet. */
  #socket(name: RegExp): string {
    return fs.readdirSync(this.#folder).find((file) => name.test(file)) ?? "";
  }

  #spawn(
    [program = "", ...words]: readonly string[],
    env: NodeJS.ProcessEnv = {},
    stdin: "ignore" | "pipe" = "ignore",
  ) {
    const child = spawn(program, words, {
      env: { ...process.env, ...this.#env, ...env },
      stdio: [stdin, "ignore", "ignore"],
    });
    this.#children.push(child);
    return child;
  }

  async #run(program: string, ...words: string[]): Promise<string> {
    return (await promisify(execFile)(program, words, { env: { ...process.env, ...this.#env } })).stdout;
  }
}

async function idOf(which: "-u" | "-g"): Promise<number> {
  return Number((await promisify(execFile)("id", [which, "nobody"])).stdout);
}
