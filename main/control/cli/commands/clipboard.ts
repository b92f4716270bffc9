/** `atoll clipboard ...`. */
import type { Command } from "commander";
import { AppError } from "#shared/model/app-error.ts";
import { MAX_CLIP_BYTES } from "#shared/protocol/limits.ts";
import { call, command, type JsonOption, withAsk } from "../command.ts";
import { print } from "../output.ts";
import { contentSize } from "../places.ts";
import { TerminalText } from "../terminal-text.ts";

/** How long the person may take to answer. */
const ASK_S = 20;

interface TransferOptions extends JsonOption {
  type: string;
  ask?: number;
}

export function addClipboardCommands(program: Command): void {
  const clipboard = program.command("clipboard").description("what was copied in the VMs");

  transfer(clipboard, "get <vm>", "what was copied last in a VM, on standard output").action(
    async (vm: string, { type, ask = ASK_S, json = false }: TransferOptions) => {
      const got = await call("clipboard.get", { vm, type, askS: ask });
      if (json) return print(got, true, () => "");
      await written(Buffer.from(got.content, "base64"));
    },
  );

  transfer(clipboard, "put <vm>", "what standard input has becomes what was copied last in a VM").action(
    async (vm: string, { type, ask = ASK_S, json = false }: TransferOptions) => {
      const bytes = await standardInput();
      const put = await call("clipboard.put", { vm, type, askS: ask, content: bytes.toString("base64") });
      print(put, json, () => `${contentSize(put)} (${put.type}) can be pasted in ${vm}.`);
    },
  );

  command(clipboard, "show", "where what can be pasted comes from, and its types").action(
    async ({ json = false }: JsonOption) => {
      const clip = await call("clipboard.show", {});
      print(clip, json, () =>
        clip === null
          ? "Nothing can be pasted in another VM: copy something first."
          : `From ${clip.from}, ${clip.ageS} s ago: ${clip.types.join(", ")}.`,
      );
    },
  );
}

function transfer(parent: Command, usage: string, description: string): Command {
  return withAsk(command(parent, usage, description)).option(
    "--type <type>",
    "its MIME type",
    "text/plain;charset=utf-8",
  );
}

/** @throws AppError clipboard.too-large */
async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_CLIP_BYTES) {
      process.stdin.destroy();
      const most = MAX_CLIP_BYTES / 1024 / 1024;
      throw new AppError("clipboard.too-large", `A clip has ${most} MiB at most, and standard input has more.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Byte for byte, but a terminal does not obey the guest's text. */
function written(untrustedBytes: Buffer): Promise<void> {
  const { stdout } = process;
  const text = new TerminalText();
  const shown = stdout.isTTY ? text.shown(untrustedBytes) + text.rest() : untrustedBytes;
  return new Promise((resolve) => stdout.write(shown, () => resolve()));
}
