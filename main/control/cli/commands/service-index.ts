/** `atoll service index ...`: signed lists of services. `sign` needs no application. */
import path from "node:path";
import type { Command } from "commander";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { signServiceIndex } from "../../service-tools.ts";
import { call, command, type JsonOption, wrongUsage } from "../command.ts";
import { EXIT, print, table } from "../output.ts";

interface AddOptions extends JsonOption {
  key?: string;
  unsigned?: boolean;
}
interface SignOptions extends JsonOption {
  days: string;
  name?: string;
  unsigned?: boolean;
}

/** Below `atoll service`. */
export function indexCommandsOf(service: Command): void {
  const index = service.command("index").description("signed lists of services that others offer");

  command(index, "add <source>", "look at an index; with its key, add it: a folder, file:// or https://")
    .option("--key <key>", "who signs it, as its owner has told you: it is remembered")
    .option("--unsigned", "nobody signs it (a developer's switch in settings.yaml lets it in)")
    .action(async (place: string, { json = false, key, unsigned = false }: AddOptions) => {
      if (key !== undefined && unsigned) throw wrongUsage("--key and --unsigned exclude each other.");
      const source = /^[a-z]+:\/\//i.test(place) ? place : path.resolve(place);
      if (key === undefined && !unsigned) {
        const seen = await call("index.look", { source });
        return print({ ...seen, added: false }, json, () => lookWords(seen));
      }
      const view = await call("index.add", { source, key: key ?? null });
      print(
        { ...view, added: true },
        json,
        () => `Index ${view.name} ${view.version} is added, ${countWords(view.services)}.`,
      );
    });

  command(index, "list", "the indexes, and what they offer").action(async ({ json = false }: JsonOption) => {
    const [indexes, offers] = [await call("index.list", {}), await call("index.offers", {})];
    const whole = indexes.map((one) => ({ ...one, services: offers.filter((offer) => offer.index === one.name) }));
    print(whole, json, () =>
      [
        table(
          ["INDEX", "VERSION", "EXPIRES", "SIGNED BY", "FROM"],
          indexes.map(({ name, version, expires, isExpired, fingerprint, source }) => [
            name,
            String(version),
            `${expires.slice(0, 10)}${isExpired ? " (over)" : ""}`,
            fingerprint ?? "nobody",
            source,
          ]),
          'No indexes: "atoll service index add" adds one.',
        ),
        ...(offers.length === 0
          ? []
          : [
              table(
                ["SERVICE", "VERSION", "INDEX", "WHAT"],
                offers.map(({ name, version, index: of, description }) => [name, version, of, description]),
                "",
              ),
            ]),
      ].join("\n\n"),
    );
  });

  command(index, "remove <index>", "forget an index; what was installed from it stays").action(
    async (name: string, { json = false }: JsonOption) => {
      await call("index.remove", { name });
      print({ name, removed: true }, json, () => `Index ${name} is removed.`);
    },
  );

  command(index, "update [index]", "read an index, or all of them, again; exit 1 when one is refused").action(
    async (name: string | undefined, { json = false }: JsonOption) => {
      const results = await call("index.update", { name: name ?? null });
      print(results, json, () => results.map(updateWords).join("\n") || "No indexes.");
      if (results.some(({ problem }) => problem !== null)) process.exitCode = EXIT.failed;
    },
  );

  command(index, "sign <dir>", "make an index of the signed services in a folder, and sign it with your key")
    .option("--name <name>", "of the index; as it was, or as its folder")
    .option("--days <number>", "until it expires", "90")
    .option("--unsigned", "do not sign it")
    .action(async (dir: string, { json = false, days: typed, name, unsigned = false }: SignOptions) => {
      const days = Number(typed);
      if (!/^\d{1,4}$/.test(typed) || days < 1) throw wrongUsage(`--days ${typed}: a number from 1 to 9999.`);
      const made = await signServiceIndex(dir, { name: name ?? null, days, isSigned: !unsigned });
      print(made, json, () => madeWords(made));
    });
}

function lookWords({ name, version, expires, key, fingerprint, services }: RequestOutput<"index.look">): string {
  return [
    `Index ${name} ${version}, until ${expires}: ${services.join(", ") || "no services"}.`,
    ...(key === null
      ? ['Nobody has signed it. Nothing is added yet: "--unsigned" adds it.']
      : [
          `Signed by the key ${key}`,
          `its fingerprint: ${fingerprint ?? ""}`,
          `Nothing is added yet. Where its owner tells you the same key: "--key ${key}" adds it.`,
        ]),
  ].join("\n");
}

function updateWords({ name, version, before, problem }: RequestOutput<"index.update">[number]): string {
  if (problem !== null) return `${name}: ${problem}`;
  return version === before ? `${name}: ${version}, nothing is new.` : `${name}: ${before} is ${version} now.`;
}

function madeWords({
  name,
  version,
  expires,
  key,
  fingerprint,
  services,
}: Awaited<ReturnType<typeof signServiceIndex>>) {
  return [
    `Index ${name} ${version}, ${countWords(services)}, until ${expires}.`,
    ...(key === null ? ["Nobody has signed it."] : [`By the key ${key}`, `its fingerprint: ${fingerprint ?? ""}`]),
  ].join("\n");
}

function countWords(services: number): string {
  return services === 1 ? "1 service" : `${services} services`;
}
