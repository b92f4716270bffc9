/** `atoll desktop`, `quit`, `screenshot`, `doctor`. */
import path from "node:path";
import { type Command, Option } from "commander";
import { resolvePaths } from "../../../base/paths.ts";
import { launchArguments } from "../../launch/launch-arguments.ts";
import { doctor } from "../../doctor.ts";
import { isAnswered } from "../../server.ts";
import { call, command, type JsonOption } from "../command.ts";
import { openDesktop } from "../open-desktop.ts";
import { EXIT, print, table } from "../output.ts";
import { writePicture } from "../picture.ts";
import { quit } from "../quit.ts";

/** @param outFolder of the build, which lies in the checkout */
export function addDesktopCommands(program: Command, outFolder: string): void {
  command(
    program,
    "desktop [items...]",
    "open the desktop, or bring it to the front, and files or addresses in it; blocks until it ends",
  ).action(async (words: string[], options: JsonOption) => {
    const items = launchArguments(words, process.cwd());
    if (await isAnswered(resolvePaths().controlSocket)) {
      await (items.length > 0 ? call("desktop.open", { items }) : call("desktop.raise", {}));
      return print(null, options.json ?? false, () => "The desktop is open.");
    }
    process.exitCode = await openDesktop(path.dirname(outFolder), items);
  });

  command(program, "quit", "end the desktop")
    .addOption(new Option("--stop-vms", "stop the VMs too").conflicts("keepVms"))
    .addOption(new Option("--keep-vms", "let the VMs run; the next start finds them again (default)"))
    .addOption(new Option("--restart", "start it again, as after an update"))
    .action(async (options: JsonOption & { stopVms?: boolean; restart?: boolean }) => {
      const again = options.restart === true;
      await quit(options.stopVms === true ? "stop" : "keep", again);
      const vms = options.stopVms === true ? "and its VMs have stopped" : "and its VMs go on";
      print(null, options.json ?? false, () => `Atoll has ended, ${vms}${again ? "; it starts again" : ""}.`);
    });

  command(program, "screenshot <file>", "picture of the whole desktop, PNG").action(
    async (file: string, options: JsonOption) => {
      writePicture(file, await call("desktop.screenshot", {}), options.json ?? false);
    },
  );

  command(program, "doctor", "check what Atoll needs of this machine").action(async (options: JsonOption) => {
    const checks = await doctor(outFolder);
    print(checks, options.json ?? false, () =>
      table(
        ["", "CHECK", "WHAT", "REMEDY"],
        checks.map((c) => [c.status, c.id, c.detail, c.remedy]),
        "",
      ),
    );
    if (checks.some(({ status }) => status === "fail")) process.exitCode = EXIT.failed;
  });
}
