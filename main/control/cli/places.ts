/** `[VM:]PATH` on the command line. */
import { wrongUsage } from "./command.ts";

export interface Place {
  /** null: this computer. */
  vm: string | null;
  path: string;
}

/** As a VM's name is written; what has a slash before its first colon is a path. */
const VM_PLACE = /^([a-z0-9][a-z0-9-]{0,30}):(.*)$/s;

/** @throws AppError usage.bad-argument */
export function parsePlace(word: string): Place {
  const [, vm = null, rest = ""] = VM_PLACE.exec(word) ?? [];
  if (vm === null) {
    if (word === "") throw wrongUsage("An empty word is no path.");
    return { vm, path: word };
  }
  // "home:" is the user's home there.
  return { vm, path: rest === "" ? "./" : rest };
}

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** 1234567 -> "1.2 MB". */
export function byteWords(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? Math.round(value) : value.toFixed(value < 9.95 ? 1 : 0)} ${UNITS[unit]}`;
}

/** As the desktop says how large something is that crosses: a text in characters. */
export function contentSize({ bytes, characters }: { bytes: number; characters: number | null }): string {
  if (characters === null) return byteWords(bytes);
  return `${characters} ${characters === 1 ? "character" : "characters"}`;
}
