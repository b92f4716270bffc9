/** `atoll quarantine ...`. */
import type { Command } from "commander";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { partyName } from "#shared/model/crossing.ts";
import { type LaterVerdict, laterWords } from "#shared/model/quarantine.ts";
import { type EngineVerdict, verdictWords } from "#shared/model/scan.ts";
import { escapeForLog } from "#shared/model/text.ts";
import { call, command, integer, type JsonOption, withAsk, wrongUsage } from "../command.ts";
import { print, table } from "../output.ts";
import { byteWords } from "../places.ts";

type Quarantined = RequestOutput<"quarantine.list">[number];

const ASK_S = 20;

export function addQuarantineCommands(program: Command): void {
  const quarantine = program.command("quarantine").description("files that scanners keep apart");
  command(quarantine, "list", "what is there, newest first").action(async ({ json = false }: JsonOption) => {
    const files = await call("quarantine.list", {});
    print(files.map(rowOf), json, () => table(HEAD, files.map(cells), "Nothing is in quarantine."));
  });
  command(quarantine, "report <id>", "all that is known of one file").action(
    async (word: string, { json = false }: JsonOption) => {
      const id = integer(word);
      const file = (await call("quarantine.list", {})).find((one) => one.id === id);
      if (file === undefined) throw wrongUsage(`There is no file ${id} in quarantine: "atoll quarantine list".`);
      print(rowOf(file), json, () => report(file));
    },
  );
  withAsk(command(quarantine, "restore <id>", "send it on to where it was going; you are asked"))
    .option("--to <vm>", "a VM, or @host, that gets it")
    .action(async (word: string, options: JsonOption & { ask?: number; to?: string }) => {
      const { json = false, ask = ASK_S, to } = options;
      const target = to === undefined ? {} : { to: to === "@host" ? null : to };
      const restored = await call("quarantine.restore", { id: integer(word), askS: ask, ...target });
      print(restored, json, () => `It is there: ${escapeForLog(restored.path)}`);
    });
  command(quarantine, "delete <id>", "remove it for good").action(
    async (word: string, { json = false }: JsonOption) => {
      await call("quarantine.delete", { id: integer(word) });
      print(null, json, () => "Deleted.");
    },
  );
}

const HEAD = ["ID", "FILE", "SIZE", "FROM", "FOR", "WHEN", "STATE", "WHY"];

/** As the command prints it; parties as the policy names them. */
function rowOf(file: Quarantined) {
  return { ...file, from: partyName(file.from), to: file.to === null ? null : partyName(file.to) };
}

function cells(file: Quarantined): (string | number)[] {
  const { id, path, bytes, from, to, time, state } = file;
  const target = to === null ? "-" : partyName(to);
  return [id, escapeForLog(path), byteWords(bytes), partyName(from), target, time, state, whyWords(file)];
}

function whyWords(file: Quarantined): string {
  const later = file.now === null ? "" : `; with new signatures: ${laterWords(file.now)}`;
  return `${verdictWords(file)}${later}`;
}

function report(file: Quarantined): string {
  const { path, bytes, sha256, from, to, time, service, state, verdict, engines, now } = file;
  const lines: [string, string][] = [
    ["file", escapeForLog(path)],
    ["bytes", String(bytes)],
    ["SHA-256", sha256 ?? "unknown"],
    ["from", partyName(from)],
    ["for", to === null ? "nobody: it was only scanned" : partyName(to)],
    ["when", time],
    ["kept in", `${service} (${state})`],
    ["verdict", verdict],
    ...engines.map(engineLine),
    ...(now === null ? [] : [nowLine(now), ...now.engines.map(engineLine)]),
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)}${escapeForLog(value)}`).join("\n");
}

function nowLine({ verdict, time }: LaterVerdict): [string, string] {
  return ["now", `${verdict}, ${time}`];
}

function engineLine({ name, verdict, signature, reason, version, signatures }: EngineVerdict): [string, string] {
  const words = [signature, reason, version].flatMap((one) => one ?? []);
  const set = signatures === null ? [] : [`signatures ${signatures}`];
  return [`by ${name}`, [verdict, ...words, ...set].join(", ")];
}
