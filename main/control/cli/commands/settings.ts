/** `atoll settings prompt-mark new`: what can be set without opening a file. */
import type { Command } from "commander";
import { call, command, type JsonOption } from "../command.ts";
import { print } from "../output.ts";

export function addSettingsCommands(program: Command): void {
  const settings = program.command("settings").description("settings of the desktop");
  const mark = settings.command("prompt-mark").description("the mark on Atoll's prompts, which no VM can know");

  command(mark, "new", "draw another one; only the desktop shows it").action(async (options: JsonOption) => {
    await call("promptMark.draw", {});
    print(
      null,
      options.json ?? false,
      () => "Another mark was drawn. Atoll's menu, “Settings”, shows it, and so does each prompt.",
    );
  });
}
