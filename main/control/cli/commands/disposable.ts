/** `atoll disposable start`. */
import { type Command, Option } from "commander";
import { call, command, type JsonOption } from "../command.ts";
import { print } from "../output.ts";

interface StartOptions {
  template?: string;
  network?: "none" | "firewall";
  for?: string;
  kiosk?: string;
}

const ORIGIN_WORDS = {
  fork: "from a memory snapshot",
  restored: "from a saved memory snapshot",
  cold: "by a boot",
  ready: "kept ready",
} as const;

export function addDisposableCommands(program: Command): void {
  const disposable = program
    .command("disposable")
    .description("VMs for one task, which are gone with their last window");

  command(disposable, "start [argv...]", "start one, and a command in it (-- ARGV...)")
    .option("--template <template>", "what it is made from (default: debian)")
    .addOption(new Option("--network <network>", "its network (default: none)").choices(["none", "firewall"]))
    .option("--for <vm>", "the VM that it is for: its label and template, and no more of the network than it has")
    .addOption(
      new Option(
        "--kiosk <kiosk>",
        'a kiosk\'s VM, whose program opens ARGV ("atoll kiosk list" shows them)',
      ).conflicts(["template", "network", "for"]),
    )
    .action(async (argv: string[], options: JsonOption & StartOptions) => {
      const { json = false, template, network = "none", for: forVm, kiosk } = options;
      if (kiosk !== undefined) {
        const started = await call("kiosk.start", { kiosk, args: argv });
        const { vm, windowId, ms, origin } = started;
        return print(
          started,
          json,
          () => `${vm} is there after ${ms} ms, ${ORIGIN_WORDS[origin]}, window ${windowId}.`,
        );
      }
      const started = await call("disposable.start", {
        template: template ?? null,
        network,
        forVm: forVm ?? null,
        program: argv.length === 0 ? null : { argv },
      });
      const { vm, windowId, ms, origin } = started;
      const window = windowId === null ? "" : `, window ${windowId}`;
      print(started, json, () => `${vm} is there after ${ms} ms, ${ORIGIN_WORDS[origin]}${window}.`);
    });
}
