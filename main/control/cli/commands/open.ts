/** `atoll open FILE|URL`. */
import path from "node:path";
import { type Command, Option } from "commander";
import type { EventPayload, RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { escapeControls } from "#shared/model/text.ts";
import { looksLikeUrl, parseUrl } from "#shared/model/opened-url.ts";
import { ControlClient } from "../client.ts";
import { command, type JsonOption, withAsk, wrongUsage } from "../command.ts";
import { print } from "../output.ts";

/** How long the person may take to answer. */
const ASK_S = 20;

interface OpenOptions extends JsonOption {
  from?: string;
  in?: string;
  disposable?: boolean;
  edit?: boolean;
  sanitized?: boolean;
  wait?: boolean;
  ask?: number;
}

export function addOpenCommand(program: Command): void {
  const open = command(program, "open <file-or-url>", "open a file or a link where it belongs");
  withAsk(open)
    .option("--from <vm>", "the VM that has it (default: this machine)")
    .addOption(new Option("--in <vm>", "the VM that shall open it").conflicts("disposable"))
    .option("--disposable", "in a disposable VM that is made for it")
    .option("--edit", "a file: what is saved there comes back")
    .option("--sanitized", "not there yet")
    .option("--wait", "until its window is closed, and the edited file is back")
    .action(async (word: string, options: OpenOptions) => {
      const { from, edit = false, wait = false, ask = ASK_S, json = false } = options;
      if (options.sanitized === true)
        throw wrongUsage(
          "--sanitized is not there yet: this Atoll makes no safe copies of files. Open it in a disposable VM.",
        );
      const opened = await openIt(
        {
          item: itemOf(word, from !== undefined),
          from: from ?? null,
          ...(options.disposable === true ? { in: { kind: "disposable" } } : {}),
          ...(options.in === undefined ? {} : { in: { kind: "vm", vm: options.in } }),
          edit,
          wait,
          askS: ask,
        },
        (progress) => json || process.stderr.write(`atoll: ${escapeControls(stepWords(progress))}\n`),
      );
      print(opened, json, () => resultWords(opened));
    });
}

/** @throws AppError usage.bad-argument */
function itemOf(word: string, isOfVm: boolean): RequestInput<"open.open">["item"] {
  if (word === "") throw wrongUsage("Say which file or link.");
  if (!looksLikeUrl(word)) return { kind: "file", path: isOfVm ? word : path.resolve(word) };
  const parsed = parseUrl(word);
  if (parsed.ok) return { kind: "url", url: word };
  throw wrongUsage(`"${word}" is not opened: ${parsed.reason}. If it is a file, write "./${word}", or its whole path.`);
}

async function openIt(
  input: RequestInput<"open.open">,
  progress: (event: EventPayload<"open.progress">) => void,
): Promise<RequestOutput<"open.open">> {
  const client = await ControlClient.connect();
  try {
    client.on("open.progress", progress);
    return await client.call("open.open", input);
  } finally {
    client.close();
  }
}

function stepWords({ step, vm }: EventPayload<"open.progress">): string {
  switch (step) {
    case "asking":
      return "waiting for your answer on the desktop";
    case "starting":
      return `starting ${vm}`;
    case "sending":
      return `sending it to ${vm}`;
    case "opening":
      return `opening it in ${vm}`;
  }
}

function resultWords({ vm, windowId, rule, returned }: RequestOutput<"open.open">): string {
  const window = windowId === null ? "" : `, window ${windowId}`;
  const why = rule === null ? "" : ` (line ${rule.line} of open.yaml)`;
  const back =
    returned === undefined ? "" : returned ? " What was edited is back." : " Nothing came back, as nothing was saved.";
  return `It ${returned === undefined ? "is" : "was"} open in ${vm}${window}${why}.${back}`;
}
