/** `atoll write-docs`: what a package installs beside the command; scripts/packaging/deb.mjs calls it. */
import { Argument, type Command } from "commander";
import { bashCompletion } from "../bash-completion.ts";
import { WRITE_DOCS } from "../command-tree.ts";
import { manPage } from "../man-page.ts";

export function addDocsCommand(program: Command): void {
  program
    .command(WRITE_DOCS, { hidden: true })
    .addArgument(new Argument("<kind>").choices(["bash-completion", "man-page"]))
    .argument("<version>")
    .action((kind: string, version: string) => {
      process.stdout.write(kind === "man-page" ? manPage(program, version) : bashCompletion(program));
    });
}
