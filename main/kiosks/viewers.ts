/**
 * Has the programs of a VM that open documents, pictures and texts run once, on files without content, and end: what they are made
 * of has then been read from the disk and, on an emulated processor, translated. None of them makes keys.
 */
import { AppError } from "#shared/model/app-error.ts";
import { waitFor } from "../base/waiting.ts";
import { runInGuest } from "../vms/guest-command.ts";
import { waitForWindow } from "../vms/launcher.ts";
import { launches } from "../vms/services/launches.ts";
import type { Vm } from "../vms/vm.ts";

/** How long each may take for its window, and then to end, ms: nobody waits for it. */
const WINDOW_MS = 300_000;
const END_MS = 30_000;
const COMMAND_MS = 30_000;

const FOLDER = "/tmp/atoll-viewers";
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
`;
/** One pixel. */
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";
const SAMPLES: Readonly<Record<string, Buffer>> = {
  "page.pdf": Buffer.from(PDF),
  "pixel.png": Buffer.from(PNG, "base64"),
  "text.txt": Buffer.from("\n"),
};
const WRITE = ["sh", "-c", 'mkdir -p "${1%/*}" && cat >"$1"', "sh"];
/** What the viewers remember of them goes with the files. */
const FORGET = ["sh", "-c", 'rm -rf "$1" "$HOME/.local/share/recently-used.xbel" "$HOME/.local/share/zathura"', "sh"];

/**
 * Resolves when all have ended. A type that the VM has no program for is left out.
 *
 * @param calm resolves when nothing is drawn any more
 */
export async function runViewers(vm: Vm, calm: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (const [name, content] of Object.entries(SAMPLES)) {
    const file = `${FOLDER}/${name}`;
    await runInGuest(vm, [...WRITE, file], { input: content, timeoutMs: COMMAND_MS });
    signal.throwIfAborted();
    await runOnce(vm, file, calm, signal);
  }
  await runInGuest(vm, [...FORGET, FOLDER], { timeoutMs: COMMAND_MS });
}

async function runOnce(vm: Vm, file: string, calm: () => Promise<void>, signal: AbortSignal): Promise<void> {
  const { found } = waitForWindow(vm, WINDOW_MS);
  const opened = await opener(vm, file);
  if (opened === null) return;
  await found(opened.request);
  await calm();
  await runInGuest(vm, ["kill", String(opened.pid)], { timeoutMs: COMMAND_MS });
  await waitFor({
    listen: ({ resolve }) => {
      const look = (): void => {
        if (vm.windows.size === 0) resolve();
      };
      look();
      return vm.windows.on("changed", look);
    },
    timeoutMs: END_MS,
    onTimeout: ({ reject }) => {
      const message = `A viewer of "${vm.definition.name}" does not end.`;
      reject(new AppError("vm.timeout", message, { vm: vm.definition.name }));
    },
    signal,
  });
}

/** null: there is none. */
async function opener(vm: Vm, file: string): Promise<{ pid: number; request: number } | null> {
  try {
    return await vm.service(launches).open({ kind: "file", path: Buffer.from(file) }, null);
  } catch (error) {
    if (error instanceof AppError && error.code === "app.not-found") return null;
    throw error;
  }
}
