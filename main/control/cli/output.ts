/** What the command prints: one JSON document, or words for people. */
import os from "node:os";
import { AppError, type ErrorCode, toErrorValue } from "#shared/model/app-error.ts";
import { escapeControls, escapeControlsInJson } from "#shared/model/text.ts";
import { type FileProblem, problemWords } from "#shared/model/yaml-file.ts";

export const EXIT = { done: 0, failed: 1, usage: 2, denied: 3, notRunning: 4, execFailed: 125 } as const;

const USAGE_CODES: readonly ErrorCode[] = ["vm.bad-name", "usage.bad-argument", "usage.unknown-method", "open.bad-url"];
const DENIED_CODES: readonly ErrorCode[] = ["policy.denied", "policy.unanswered"];

export function exitCodeOf(error: unknown): number {
  const { code } = toErrorValue(error);
  if (code === "desktop.not-running") return EXIT.notRunning;
  if (DENIED_CODES.includes(code)) return EXIT.denied;
  return USAGE_CODES.includes(code) ? EXIT.usage : EXIT.failed;
}

export function printError(error: unknown, json: boolean): void {
  const value = toErrorValue(error);
  process.stderr.write(json ? line({ error: value }) : `atoll: ${escapeControls(value.message)}\n`);
}

/** Ends the command where standard output takes no more: without words where its reader has gone, as `head` does. */
export function endWithReader(
  stdout: Pick<NodeJS.WriteStream, "on">,
  json: boolean,
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  stdout.on("error", (cause: NodeJS.ErrnoException) => {
    if (cause.code === "EPIPE") return exit(128 + os.constants.signals.SIGPIPE);
    printError(new AppError("file.write-failed", `Standard output cannot be written: ${cause.message}.`), json);
    exit(EXIT.failed);
  });
}

/** A file that is not used: beside the result, as nothing else is the worse for it. */
export function printProblem(problem: FileProblem, json: boolean): void {
  process.stderr.write(json ? line({ problem }) : `atoll: ${escapeControls(problemWords(problem))}\n`);
}

/** Titles, names of programs and errors hold text of guests: it must not get hold of the terminal. */
export function print(value: unknown, json: boolean, words: () => string): void {
  const text = json ? escapeControlsInJson(JSON.stringify(value, undefined, 2)) : escapeControls(words());
  process.stdout.write(`${text}\n`);
}

/** A JSON document on one line. */
export function line(value: unknown): string {
  return `${escapeControlsInJson(JSON.stringify(value))}\n`;
}

/** Columns of text, as wide as their widest cell. */
export function table(head: string[], rows: (string | number | null)[][], empty: string): string {
  if (rows.length === 0) return empty;
  const cells = [head, ...rows.map((row) => row.map((cell) => (cell === null ? "-" : String(cell))))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
