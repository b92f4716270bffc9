/** `atoll window ...`. */
import type { Command } from "commander";
import type { WindowView } from "#shared/model/window.ts";
import { call, command, integer, type JsonOption, wrongUsage } from "../command.ts";
import { print, table } from "../output.ts";
import { writePicture } from "../picture.ts";

export function addWindowCommands(program: Command): void {
  const window = program.command("window").description("windows on the desktop");

  command(window, "list", "all windows").action(async (options: JsonOption) => {
    const windows = await call("window.list", {});
    print(windows, options.json ?? false, () => windowTable(windows));
  });

  for (const verb of ["focus", "close", "minimize", "maximize", "restore"] as const) {
    command(window, `${verb} <id>`, `${verb} a window`).action(async (id: string, options: JsonOption) => {
      const result = await call(`window.${verb}`, { window: id });
      print(result, options.json ?? false, () => windowTable([result]));
    });
  }

  command(window, "move <id> <x> <y> [width] [height]", "place a window's content, physical pixels")
    .allowUnknownOption() // negative numbers
    .action(
      async (
        id: string,
        x: string,
        y: string,
        width: string | undefined,
        height: string | undefined,
        options: JsonOption,
      ) => {
        if ((width === undefined) !== (height === undefined))
          throw wrongUsage("Give both width and height, or neither.");
        const size = (text: string | undefined): number | null => (text === undefined ? null : integer(text));
        const result = await call("window.move", {
          window: id,
          x: integer(x),
          y: integer(y),
          width: size(width),
          height: size(height),
        });
        print(result, options.json ?? false, () => windowTable([result]));
      },
    );

  command(window, "last", "what was open in VMs when they last ran").action(async (options: JsonOption) => {
    const vms = await call("window.last", {});
    print(vms, options.json ?? false, () =>
      table(
        ["VM", "PROGRAM", "TITLE"],
        vms.flatMap(({ vm, windows }) => windows.map(({ appId, title }) => [vm, appId, title])),
        "Nothing: no VM has been stopped with open windows.",
      ),
    );
  });

  command(window, "reopen <vm>", "start a VM, and in it the programs that were open when it last ran").action(
    async (vm: string, options: JsonOption) => {
      const result = await call("window.reopen", { vm });
      print(result, options.json ?? false, () =>
        [
          ...(result.opened.length > 0 ? [`Opened in ${vm}: ${result.opened.join(", ")}.`] : []),
          ...(result.missing.length > 0 ? [`Not opened: ${result.missing.join(", ")}.`] : []),
        ].join("\n"),
      );
    },
  );

  command(window, "screenshot <id> <file>", "picture of a window, PNG").action(
    async (id: string, file: string, options: JsonOption) => {
      writePicture(file, await call("window.screenshot", { window: id }), options.json ?? false);
    },
  );
}

function windowTable(windows: readonly WindowView[]): string {
  return table(
    ["ID", "VM", "STATE", "PLACE", "TITLE"],
    windows.map((w) => [w.id, w.vm, w.frozen ? "frozen" : w.state, `${w.width}x${w.height}+${w.x}+${w.y}`, w.title]),
    "No windows.",
  );
}
