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
    .addOption(
      new Option("--sanitized", "a safe copy of it: a PDF of its pages as pictures, beside it").conflicts([
        "in",
        "disposable",
        "edit",
      ]),
    )
    .option("--wait", "until its window is closed, and the edited file is back")
    .action(async (word: string, options: OpenOptions) => {
      const { from, edit = false, wait = false, ask = ASK_S, json = false } = options;
      const opened = await openIt(
        {
          item: itemOf(word, from !== undefined),
          from: from ?? null,
          ...(options.disposable === true ? { in: { kind: "disposable" } } : {}),
          ...(options.sanitized === true ? { in: { kind: "safe" } } : {}),
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

function stepWords({ step, vm, pages }: EventPayload<"open.progress">): string {
  switch (step) {
    case "asking":
      return "waiting for your answer on the desktop";
    case "starting":
      return `starting ${vm}`;
    case "sending":
      return `sending it to ${vm}`;
    case "rendering":
      return `page ${pages?.done ?? 0} of ${pages?.of ?? 0} is in ${vm}`;
    case "opening":
      return `opening it in ${vm}`;
  }
}

function resultWords({ vm, windowId, rule, returned, safe }: RequestOutput<"open.open">): string {
  if (safe !== undefined) {
    const size = `${safe.pages} ${safe.pages === 1 ? "page" : "pages"}, ${Math.ceil(safe.bytes / 1024)} KiB`;
    const shown = windowId === null ? `No window of it came up.` : `It is open in window ${windowId}.`;
    return `The safe copy is ${escapeControls(safe.path)} in ${vm} (${size}). ${shown}`;
  }
  const window = windowId === null ? "" : `, window ${windowId}`;
  const why = rule === null ? "" : ` (line ${rule.line} of open.yaml)`;
  const back =
    returned === undefined ? "" : returned ? " What was edited is back." : " Nothing came back, as nothing was saved.";
  return `It ${returned === undefined ? "is" : "was"} open in ${vm}${window}${why}.${back}`;
}
