/** `atoll app list`, `atoll run`. */
import type { Command } from "commander";
import { call, command, type JsonOption, withWait, wrongUsage } from "../command.ts";
import { print, table } from "../output.ts";

export function addAppCommands(program: Command): void {
  const app = program.command("app").description("applications of the guests");

  command(app, "list [vm]", "applications of one VM, or of all that run").action(
    async (name: string | undefined, options: JsonOption) => {
      const apps = await call("app.list", { vm: name ?? null });
      print(apps, options.json ?? false, () =>
        table(
          ["VM", "ID", "NAME"],
          apps.map((a) => [a.vm, a.id, a.name]),
          "No applications: is the VM running?",
        ),
      );
    },
  );

  const run = command(
    program,
    "run <vm> [words...]",
    "start an application (APP_ID [FILE...]) or a command (-- ARGV...) in a VM",
  );
  withWait(run, "--wait-window", "until its first window is there").action(
    async (name: string, words: string[], options: JsonOption & { waitWindow?: number }) => {
      const [appId, ...files] = words;
      if (appId === undefined)
        throw wrongUsage('Say what to run: "atoll run VM APP_ID [FILE...]" or "atoll run VM -- ARGV...".');
      const isArgv = process.argv.includes("--");
      // `launch` is the desktop's to match windows by.
      const { launch: _, ...result } = await call("app.run", {
        vm: name,
        program: isArgv ? { argv: words } : { appId, files },
        waitWindowS: options.waitWindow ?? null,
      });
      print(
        result,
        options.json ?? false,
        () =>
          `${appId} runs in ${name} as process ${result.pid}${result.windowId === undefined ? "" : `, window ${result.windowId}`}.`,
      );
    },
  );
}
