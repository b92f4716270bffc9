/** `atoll template list`, `build`: no application is needed for them. */
import type { Command } from "commander";
import { recipesFolder, resolvePaths } from "../../../base/paths.ts";
import { templateViews } from "../../template-views.ts";
import { buildTemplateCommand } from "../build-template.ts";
import { command, type JsonOption } from "../command.ts";
import { print, printProblem, table } from "../output.ts";

export function addTemplateCommands(program: Command): void {
  const template = program.command("template").description("images that VMs are made from");

  command(template, "list", "templates and whether they are built").action(async (options: JsonOption) => {
    const { templates, problems } = await templateViews(recipesFolder(resolvePaths()));
    for (const problem of problems) printProblem(problem, options.json ?? false);
    print(templates, options.json ?? false, () =>
      table(
        ["NAME", "BUILT", "MIB", "WHAT"],
        templates.map((t) => [
          t.name,
          t.built ? "yes" : "no",
          t.sizeBytes === null ? null : Math.round(t.sizeBytes / 1_048_576),
          t.description,
        ]),
        "No templates.",
      ),
    );
  });

  command(template, "build <name>", "build a template; progress lines")
    .option("--force", "build again although it is there; VMs based on the old build keep it")
    .action(async (name: string, options: JsonOption & { force?: boolean }) => {
      await buildTemplateCommand(name, options.force ?? false, options.json ?? false);
    });
}
