/** `atoll kiosk list`. One is started by `atoll disposable start --kiosk`. */
import type { Command } from "commander";
import type { KioskState } from "#shared/model/kiosk.ts";
import { call, command, type JsonOption } from "../command.ts";
import { print, table } from "../output.ts";

const STATE_WORDS: Readonly<Record<KioskState, string>> = {
  "not-built": "image not built",
  cold: "started when asked for",
  starting: "getting ready",
  ready: "ready",
};

export function addKioskCommands(program: Command): void {
  const kiosk = program.command("kiosk").description("programs that are kept ready, each in a disposable of its own");

  command(kiosk, "list", "kiosks, and whether one of each is ready").action(async ({ json = false }: JsonOption) => {
    const kiosks = await call("kiosk.list", {});
    print(kiosks, json, () =>
      table(
        ["NAME", "STATE", "MIB", "NETWORK", "WHAT"],
        kiosks.map(({ name, state, memoryMiB, network, title, note, detail }) => [
          name,
          STATE_WORDS[state],
          memoryMiB,
          network,
          [title, note, detail].filter((words) => words !== "").join("; "),
        ]),
        "No kiosks.",
      ),
    );
  });
}
