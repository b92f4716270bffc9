/** Turns the words of a failed build into an error that says what to do. Pure. */
import { AppError } from "#shared/model/app-error.ts";
import { cleanText } from "#shared/model/text.ts";

export interface FailedBuild {
  template: string;
  exitCode: number | null;
  /** The last lines of the build's output: words of packages, which nobody has looked at. */
  lines: readonly string[];
  logFile: string;
}

const TAIL_LINES = 12;
/** Graphemes of a line that are looked at. */
const MAX_LINE = 1024;
/** Debian has no such package, or only others that name or provide it. */
const UNKNOWN_PACKAGE =
  /E: (?:Unable to locate package |Package ['‘`"](?=\S+ has no installation candidate))([^\s'’"]+)/;

export function buildFailure({ template, exitCode, lines: untrustedLines, logFile }: FailedBuild): AppError {
  const lines = untrustedLines.map((line) => cleanText(line, MAX_LINE));
  const unknown = [...new Set(lines.flatMap((line) => UNKNOWN_PACKAGE.exec(line)?.[1] ?? []))];
  if (unknown.length > 0) {
    const words = unknown.join(", ");
    return new AppError(
      "template.unknown-package",
      `The recipe '${template}' names packages that Debian does not have: ${words}.`,
      {
        template,
        packages: unknown,
      },
    );
  }
  if (lines.some((line) => /Could not allocate block|ext2fs_\w+.*no (?:free )?space/i.test(line))) {
    return new AppError(
      "template.no-space",
      `The files of '${template}' do not fit into its disk; raise diskMiB in its recipe.`,
      {
        template,
        where: "image",
      },
    );
  }
  if (lines.some((line) => /No space left on device|ENOSPC|enough free space/i.test(line))) {
    return new AppError(
      "template.no-space",
      `The disk is full: the build of '${template}' needs about 2 GB in the cache folder and in the folder for temporary files.`,
      {
        template,
        where: "host",
      },
    );
  }
  const details = { template, exitCode, logFile, tail: tellingLines(lines) };
  const network = lines.some((line) =>
    /Temporary failure resolving|Could not (?:connect|resolve)|E: Failed to fetch|Unable to connect/.test(line),
  );
  const message = network
    ? `The Debian packages of '${template}' could not be downloaded: is this machine online? The log is ${logFile}.`
    : `The build of '${template}' failed${cause(lines, exitCode)}; its log is ${logFile}.`;
  return new AppError("template.build-failed", message, { ...details, reason: network ? "network" : "other" });
}

/** The words of the program that failed first: what fails after it says only that it was not the last. */
function cause(lines: readonly string[], exitCode: number | null): string {
  const words = lines.find((line) =>
    /^(?!E:|W:)(?:dpkg|update-alternatives|dpkg-\w+|mke2fs|tar|[\w./-]+): (?:error|.*(?:error|cannot|failed))/i.test(
      line,
    ),
  );
  if (words !== undefined) return `: ${cleanText(words)}`;
  return exitCode === null ? "" : ` (mmdebstrap said ${exitCode})`;
}

/** Errors first; without any, the end. */
function tellingLines(lines: readonly string[]): string[] {
  const errors = lines.filter((line) => /^(?:E|W): |error|cannot|failed/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-TAIL_LINES);
}
