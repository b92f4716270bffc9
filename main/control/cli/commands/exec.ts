/** `atoll exec`. */
import type { Command } from "commander";
import { ControlClient } from "../client.ts";
import { withAsk, wrongUsage } from "../command.ts";
import { exec, type ExecOptions } from "../exec.ts";

export function addExecCommand(program: Command): void {
  withAsk(program.command("exec <vm> [argv...]").description("run a command in a VM: its streams, its exit code"))
    .option("--tty", "give it a terminal")
    .option("--raw", "let this terminal obey what it writes; else control characters are shown escaped")
    .action(async (name: string, argv: string[], options: ExecOptions) => {
      if (argv.length === 0) throw wrongUsage('Say what to run: "atoll exec VM -- ARGV...".');
      const client = await ControlClient.connect();
      try {
        process.exitCode = await exec(client, name, argv, options);
      } finally {
        client.close();
        process.stdin.destroy();
      }
    });
}
