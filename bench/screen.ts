/** A display of the bench's own, and the probe that presses keys and watches it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Display, openDisplay } from "../scripts/testing/display.mjs";
import type { Tools } from "./tools.ts";

/** Every system under test gets a screen like this one, for itself alone. */
export const SCREEN = { width: 1600, height: 1000 } as const;

export interface Region {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Milliseconds from each press to a changed pixel; `lost` presses changed nothing. */
export interface KeyTimes {
  ms: number[];
  lost: number;
}

export interface FramesSeen {
  /** Frames that were on the screen. */
  shown: number;
  /** Frames that the program has drawn meanwhile. */
  drawn: number;
  seconds: number;
  intervalsMs: number[];
}

export class Screen {
  readonly display: string;
  readonly #close: () => Promise<void>;
  readonly #tools: Tools;

  private constructor({ name, close }: Display, tools: Tools) {
    this.display = name;
    this.#close = close;
    this.#tools = tools;
  }

  static async open(tools: Tools): Promise<Screen> {
    return new Screen(await openDisplay(SCREEN), tools);
  }

  /** Presses keys (letters, names of keysyms, or with others held: `Shift+Insert`) in turn, and watches a region. */
  async keys(region: Region, count: number, ...keys: string[]): Promise<KeyTimes> {
    return (await this.#run("keys", regionText(region), String(count), String(LOST_AFTER_S), ...keys)) as KeyTimes;
  }

  /** The same of one press whose answer takes long: milliseconds. */
  async key(region: Region, key: string, timeoutS: number): Promise<number> {
    const { ms } = (await this.#run("keys", regionText(region), "1", String(timeoutS), key)) as KeyTimes;
    if (ms[0] === undefined) throw new Error(`${key} was not answered in ${timeoutS} s`);
    return ms[0];
  }

  /** Counts the frames of a stimulus whose image ends at the right and bottom side of `content`. */
  async frames(content: Region, seconds: number): Promise<FramesSeen> {
    const corner = `${content.x + content.width - NUMBER_SIDE_PX},${content.y + content.height - NUMBER_SIDE_PX}`;
    return (await this.#run("frames", corner, String(seconds))) as FramesSeen;
  }

  /**
   * Waits for a pixel in the region that has one of the colours (RRGGBB), or that has none of them (with "!" before the
   * first). Gives the moment in milliseconds of CLOCK_MONOTONIC, which is the clock of process.hrtime.
   */
  async await(region: Region, colours: string, timeoutS: number): Promise<number> {
    const { atNs } = (await this.#run("await", regionText(region), colours, String(timeoutS))) as { atNs: number };
    return atNs / 1e6;
  }

  async pointer(x: number, y: number, action?: "click"): Promise<void> {
    await this.#run("pointer", `${Math.round(x)},${Math.round(y)}`, ...(action === undefined ? [] : [action]));
  }

  /** Where the largest window is; null where there is none. */
  async largestWindow(): Promise<Region | null> {
    return (await this.#run("window")) as Region | null;
  }

  /** There is no window manager that would give it the keyboard. */
  async focusLargestWindow(): Promise<void> {
    await this.#run("window", "focus");
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #run(...words: string[]): Promise<unknown> {
    const env = { ...process.env, DISPLAY: this.display };
    const { probe, signal } = this.#tools;
    const { stdout } = await promisify(execFile)(probe, words, { env, signal, maxBuffer: 16 * 1024 * 1024 });
    return JSON.parse(stdout);
  }
}

/** A press that changes nothing for so long is counted as lost. */
const LOST_AFTER_S = 3;
/** SIDE of bench/tools/src/lib.rs. */
const NUMBER_SIDE_PX = 32;

export function middleOf({ x, y, width, height }: Region, side = 8): Region {
  return {
    x: Math.round(x + (width - side) / 2),
    y: Math.round(y + (height - side) / 2),
    width: side,
    height: side,
  };
}

function regionText({ x, y, width, height }: Region): string {
  return [x, y, width, height].map(Math.round).join(",");
}
