/** What is measured, seen from outside: a screen on which programs of a guest show windows. */
import type { Region, Screen } from "../screen.ts";

/** A program's window that is shown and has the keyboard. */
export interface Window {
  /** Where its content is on the screen, physical pixels. */
  content: Region;
  /** Gives it the keyboard again. */
  focus(): Promise<void>;
  close(): Promise<void>;
}

/** A program for a guest with an X server. */
export interface Program {
  argv: readonly string[];
  /** Of its window's content, physical pixels. */
  width: number;
  height: number;
}

export interface System {
  readonly name: string;
  readonly screen: Screen;
  /** Starts a program of the guest, and waits until its window is on the screen. */
  show(program: Program): Promise<Window>;
  /** Processor time used so far by the guest's QEMU and by all that shows its windows; the X server is not in it. */
  cpuSeconds(): number;
}

/** Where the stimulus lies in each guest. */
export const STIMULUS = "/tmp/stimulus";

export function stimulus(
  kind: "flip" | "paste" | "paste-png" | "scroll" | "noise",
  width: number,
  height: number,
): Program {
  return { argv: [STIMULUS, kind, String(width), String(height)], width, height };
}

/** The shell command that takes the stimulus from its standard input. */
export const INSTALL_STIMULUS = ["sh", "-c", `cat > ${STIMULUS} && chmod 755 ${STIMULUS}`] as const;
