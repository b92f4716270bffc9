/** `atoll scan`. */
import type { Command } from "commander";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { verdictWords } from "#shared/model/scan.ts";
import { ControlClient } from "../client.ts";
import { command, type JsonOption, wrongUsage } from "../command.ts";
import { EXIT, print, table } from "../output.ts";
import { parsePlace } from "../places.ts";

type Scanned = RequestOutput<"scan.files">;

export function addScanCommand(program: Command): void {
  const summary = "look for malware in files: VM:PATH..., folders with all that is in them";
  command(program, "scan <paths...>", summary)
    .option("--alone", "look at each file, 8 at most, in a VM of its own")
    .action(async (words: string[], { json = false, alone = false }: JsonOption & { alone?: boolean }) => {
      const results: Scanned = [];
      for (const [vm, paths] of placesOf(words)) results.push(...(await scan({ vm, paths, alone })));
      print(results, json, () =>
        table(
          ["PATH", "VERDICT", "WHY"],
          results.map((file) => [file.path, file.verdict, verdictWords(file)]),
          "There is no file.",
        ),
      );
      if (results.some(({ verdict }) => verdict !== "clean")) process.exitCode = EXIT.failed;
    });
}

/** By VM, in the order in which they are named. @throws AppError usage.bad-argument */
function placesOf(words: readonly string[]): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const word of words) {
    const { vm, path } = parsePlace(word);
    if (vm === null) throw wrongUsage(`"${word}" names no VM: files of VMs are scanned, as in home:PATH.`);
    places.set(vm, [...(places.get(vm) ?? []), path]);
  }
  return places;
}

async function scan(asked: RequestInput<"scan.files">): Promise<Scanned> {
  const client = await ControlClient.connect();
  const { stderr } = process;
  if (stderr.isTTY)
    client.on("scan.progress", ({ done, files }) => stderr.write(`\r\x1b[K${done} of ${files} files looked at`));
  try {
    return await client.call("scan.files", asked);
  } finally {
    if (stderr.isTTY) stderr.write("\r\x1b[K");
    client.close();
  }
}
