/** `atoll cp`, `atoll transfer ...`. */
import path from "node:path";
import type { Command } from "commander";
import type { EventPayload, RequestOutput } from "#shared/ipc/index.ts";
import { FILE_REASON_WORDS, type NotArrivedReason } from "#shared/model/transfer.ts";
import { escapeControls } from "#shared/model/text.ts";
import { ControlClient } from "../client.ts";
import { call, command, integer, type JsonOption, withAsk, wrongUsage } from "../command.ts";
import { EXIT, print, table } from "../output.ts";
import { byteWords, parsePlace, type Place } from "../places.ts";

/** How long the person may take to answer. */
const ASK_S = 20;

type Copied = RequestOutput<"transfer.copy">;
type Row = RequestOutput<"transfer.list">[number];

const ORDERS = {
  pause: "the target reads no further",
  resume: "go on, or try again what was interrupted",
  cancel: "end it; the file that is not whole is removed",
  retry: "a new transfer of the files that have failed",
} as const;

export function addTransferCommands(program: Command): void {
  withAsk(command(program, "cp <paths...>", "copy files: [VM:]PATH... [VM:]PATH; what ends in / is a folder")).action(
    async (words: string[], { ask = ASK_S, json = false }: JsonOption & { ask?: number }) => {
      const results: Copied[] = [];
      for (const { from, paths, target } of copiesOf(words)) results.push(await copy(from, paths, target, ask));
      printCopied(merged(results), json);
    },
  );

  const transfer = program.command("transfer").description("files on their way");
  command(transfer, "list", "all transfers, newest first").action(async ({ json = false }: JsonOption) => {
    const rows = await call("transfer.list", {});
    print(rows, json, () => table(HEAD, rows.map(cells), "No file is on its way."));
  });
  for (const [verb, description] of Object.entries(ORDERS) as [keyof typeof ORDERS, string][]) {
    command(transfer, `${verb} <id>`, description).action(async (word: string, { json = false }: JsonOption) => {
      const row = await call(`transfer.${verb}`, { id: integer(word) });
      print(row, json, () => `Transfer ${row.id} from ${row.from} to ${row.to} is ${row.state}.`);
    });
  }
}

const HEAD = ["ID", "FROM", "TO", "STATE", "FILES", "BYTES", "FAILED"];

function cells({ id, from, to, state, files, doneFiles, bytes, doneBytes, failed }: Row): (string | number)[] {
  return [id, from, to, state, `${doneFiles}/${files}`, `${byteWords(doneBytes)}/${byteWords(bytes)}`, failed];
}

/** One for each party that has files, in the order in which they are named. @throws AppError usage.bad-argument */
function copiesOf(words: readonly string[]): { from: string | null; paths: string[]; target: Place }[] {
  const places = words.map(parsePlace);
  const target = places.pop();
  if (target === undefined || places.length === 0) throw wrongUsage("Say what to copy, and where to.");
  const copies = new Map<string | null, string[]>();
  for (const { vm, path: file } of places) copies.set(vm, [...(copies.get(vm) ?? []), onHost(vm, file)]);
  for (const vm of copies.keys()) {
    if (vm === target.vm)
      throw wrongUsage(
        vm === null
          ? "Both are on this computer: name a VM, as in home:PATH."
          : `Both are in VM "${vm}": "atoll exec ${vm} -- cp" copies there.`,
      );
  }
  return Array.from(copies, ([from, paths]) => ({ from, paths, target }));
}

/** The host's paths are ours: relative to where we are. */
function onHost(vm: string | null, file: string): string {
  if (vm !== null) return file;
  const absolute = path.resolve(file);
  return file.endsWith("/") && !absolute.endsWith("/") ? `${absolute}/` : absolute;
}

async function copy(from: string | null, paths: string[], target: Place, askS: number): Promise<Copied> {
  const client = await ControlClient.connect();
  const end = showProgress(client);
  try {
    const into = onHost(target.vm, target.path);
    return await client.call("transfer.copy", {
      from,
      // A folder that is chosen is copied itself.
      paths: paths.map((file) => (file.length > 1 ? file.replace(/\/+$/, "") || "/" : file)),
      to: target.vm,
      target: into,
      askS,
    });
  } finally {
    end();
    client.close();
  }
}

/** One line on standard error, where a person sees it. Ends with the function that is returned. */
function showProgress(client: ControlClient): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  let isShown = false;
  client.on("transfer.progress", (progress) => {
    isShown = true;
    stderr.write(`\r\x1b[K${progressWords(progress)}`);
  });
  return () => {
    if (isShown) stderr.write("\r\x1b[K");
  };
}

function progressWords(progress: EventPayload<"transfer.progress">): string {
  const { state, files, doneFiles, bytes, doneBytes, rate, remainingS } = progress;
  if (state === "scanning") return "being scanned";
  if (state !== "moving") return state === "waiting" ? "waiting: the desktop may ask you" : state;
  const speed = rate === null ? "" : `, ${byteWords(rate)}/s`;
  const left = remainingS === null ? "" : `, ${Math.ceil(remainingS)} s left`;
  return `${doneFiles} of ${files}, ${byteWords(doneBytes)} of ${byteWords(bytes)}${speed}${left}`;
}

function merged(results: readonly Copied[]): Copied {
  return {
    files: results.reduce((sum, { files }) => sum + files, 0),
    bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
    seconds: results.reduce((sum, { seconds }) => sum + seconds, 0),
    skipped: results.flatMap(({ skipped }) => skipped),
    refused: results.flatMap(({ refused }) => refused),
  };
}

function printCopied(copied: Copied, json: boolean): void {
  const { files, bytes, seconds, skipped, refused } = copied;
  for (const { path: file, reason, scan } of json ? [] : refused)
    process.stderr.write(
      `atoll: ${escapeControls(`${file}: ${reasonWords(reason)}${scan === "" ? "" : `: ${scan}`}`)}\n`,
    );
  const same = skipped.length === 0 ? "" : ` ${skipped.length} were there already.`;
  const printed = { ...copied, refused: refused.map(({ path: file, reason }) => ({ path: file, reason })) };
  print(printed, json, () => `${files} files, ${byteWords(bytes)}, ${seconds.toFixed(1)} s.${same}`);
  if (refused.length > 0) process.exitCode = EXIT.failed;
}

function reasonWords(reason: string): string {
  return FILE_REASON_WORDS[reason as NotArrivedReason] ?? reason;
}
