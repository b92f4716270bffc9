/** `atoll exec`. */
import type { Command } from "commander";
import { ControlClient } from "../client.ts";
import { wrongUsage } from "../command.ts";
import { exec } from "../exec.ts";

export function addExecCommand(program: Command): void {
  program
    .command("exec <vm> [argv...]")
    .description("run a command in a VM: its streams, its exit code")
    .option("--tty", "give it a terminal")
    .action(async (name: string, argv: string[], options: { tty?: boolean }) => {
      if (argv.length === 0) throw wrongUsage('Say what to run: "atoll exec VM -- ARGV...".');
      const client = await ControlClient.connect();
      try {
        process.exitCode = await exec(client, name, argv, options.tty ?? false);
      } finally {
        client.close();
        process.stdin.destroy();
      }
    });
}
