/** The template builder's own command, for tests of what is below the application. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Template } from "../../images/builder/template.ts";

/** The newest build of a template, which set-up has made. */
export async function builtTemplate(name: string): Promise<Template> {
  const statuses = (await builder("list"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { recipe: { name: string }; built: Template | null });
  const built = statuses.find(({ recipe }) => recipe.name === name)?.built;
  if (built === undefined || built === null) throw new Error("no template: npm test builds it first");
  return built;
}

/** Path of an initrd for it, with the guest's programs of that folder. */
export async function initrdOf(name: string, agentFolder: string): Promise<string> {
  return (JSON.parse(await builder("initrd", name, agentFolder)) as { initrd: string }).initrd;
}

async function builder(...words: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, ["out/main/template-builder.js", ...words])).stdout;
}
