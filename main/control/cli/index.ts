/** The `atoll` command: plain Node, no Electron. Its words and exit codes are a contract, see docs/cli.md. */
import path from "node:path";
import { Command, CommanderError } from "commander";
import { withJsonLast, withWaits, wrongUsage } from "./command.ts";
import * as commands from "./commands/index.ts";
import { endWithReader, EXIT, exitCodeOf, printError } from "./output.ts";

const isJson = process.argv
  .slice(2, process.argv.includes("--") ? process.argv.indexOf("--") : undefined)
  .includes("--json");
const isExec = process.argv[2] === "exec";

// exec gives its terminal back before.
if (!isExec) endWithReader(process.stdout, isJson);

const program = new Command("atoll")
  .description("The windows of many virtual machines as one desktop.")
  .exitOverride()
  .configureOutput(isJson && !isExec ? { writeErr: () => undefined } : {})
  .configureHelp({ sortSubcommands: true })
  .showHelpAfterError("(--help shows how)");

// We are built as out/main/cli.js.
const applicationFolder = path.resolve(import.meta.dirname, "..");
for (const add of Object.values(commands)) add(program, applicationFolder);

try {
  const words = withWaits(process.argv.slice(2));
  await program.parseAsync(isExec ? words : withJsonLast(words), { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the message; asking for help is no failure.
    if (error.exitCode !== 0 && isJson && !isExec) printError(wrongUsage(error.message), true);
    process.exitCode = error.exitCode === 0 ? EXIT.done : isExec ? EXIT.execFailed : EXIT.usage;
  } else {
    printError(error, isJson && !isExec);
    process.exitCode = isExec ? EXIT.execFailed : exitCodeOf(error);
  }
}
