// The lists of what the domains have, made from their files: contracts, handlers, commands, services of the link. Each is
// found by the name of its export, so that a new one is a file and no line of any list.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { format } from "prettier";
import { checkout } from "./setup/paths.mjs";
import { SetupError } from "./setup/process.mjs";

/**
 * `exports`: what is in the list, by the name of a domain or service.
 *
 * @type {{ file: string; comment: string; exports: RegExp }[]}
 */
const LISTS = [
  {
    file: "shared/ipc/domains.ts",
    comment: "Every domain by its name.",
    exports: /^export const (?<export>(?<name>\w+)Contract) = domain\(/gm,
  },
  {
    file: "main/handlers.ts",
    comment: "Who handles what is asked of each domain.",
    exports: /^export function (?<export>(?<name>\w+)Handlers)\(/gm,
  },
  {
    file: "main/control/cli/commands/index.ts",
    comment: "What adds the commands of each domain.",
    exports: /^export function (?<export>add(?<name>\w+?)Commands?)\(/gm,
  },
  {
    file: "main/link/services/all.ts",
    comment: "Every service of a link.",
    exports: /^export const (?<export>(?<name>\w+)) = linkService\(/gm,
  },
];

/** @param {boolean} check nothing is written, and a stale list is an error */
export async function genLists(check) {
  for (const list of LISTS) {
    const path = join(checkout, list.file);
    const text = await format(textOf(list), { parser: "typescript", printWidth: 120 });
    if (!check) writeFileSync(path, text);
    else if (readFileSync(path, "utf8") !== text) throw new SetupError(`${list.file} is stale: run \`npm run gen\`.`);
  }
}

/** @param {(typeof LISTS)[0]} list */
function textOf({ file, comment, exports }) {
  const folder = join(checkout, dirname(file));
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .flatMap((source) => {
      const names = [...readFileSync(source, "utf8").matchAll(exports)].map(({ groups = {} }) => {
        const name = (groups["name"] ?? "").replace(/^./, (first) => first.toLowerCase());
        return name === groups["export"] ? name : `${groups["export"]} as ${name}`;
      });
      return names.length === 0 ? [] : [`export { ${names.join(", ")} } from "./${relative(folder, source)}";\n`];
    });
  return `/** ${comment} Made by \`npm run gen\` from the files. */\n${lines.join("")}`;
}
