/** Words for a guest's command line. */
import { AppError } from "#shared/model/app-error.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "#shared/protocol/limits.ts";

/** @throws AppError usage.bad-argument where they do not fit into one message, or a NUL would cut one short */
export function checkArgv(words: readonly string[]): void {
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
  if (words.length > MAX_ARGV || bytes > MAX_ARGV_BYTES) {
    throw new AppError(
      "usage.bad-argument",
      `A command line may have ${MAX_ARGV} words and ${MAX_ARGV_BYTES} bytes, and this one has ${words.length} and ${bytes}: pass the rest as a file or on standard input.`,
      { words: words.length, bytes },
    );
  }
  if (words.some((word) => word.includes("\0")))
    throw new AppError("usage.bad-argument", "A word of a command line holds a NUL byte.");
}
