/** Arguments of a guest's command line. */
import { AppError } from "#shared/model/app-error.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "#shared/protocol/limits.ts";

/** @throws AppError usage.bad-argument where they do not fit into one message, or a NUL would cut one short */
export function checkArgv(argv: readonly string[]): void {
  const bytes = argv.reduce((sum, word) => sum + Buffer.byteLength(word), 0);
  if (argv.length > MAX_ARGV || bytes > MAX_ARGV_BYTES) {
    throw new AppError(
      "usage.bad-argument",
      `A command line may have ${MAX_ARGV} arguments and ${MAX_ARGV_BYTES} bytes, and this one has ${argv.length} and ${bytes}: pass the rest as a file or on standard input.`,
      { arguments: argv.length, bytes },
    );
  }
  if (argv.some((word) => word.includes("\0")))
    throw new AppError("usage.bad-argument", "Arguments must not contain NUL bytes.");
}
