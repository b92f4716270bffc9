/**
 * The host's clipboard by Electron: the adapter of main/clipboard/host-clip.ts. Pictures pass as bytes: none is decoded here.
 * Electron 45 has promises and items; the ones before it, which set-up may have to take, answer at once.
 */
// ClipboardItem by its namespace: a module that imports by name what an Electron does not have does not begin there.
import { createHash } from "node:crypto";
import * as electron from "electron";
import { app, BrowserWindow, clipboard } from "electron";
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import type { HostClipboard, HostClipState } from "../clipboard/host-clip.ts";
import { isSecret, offeredAs } from "../clipboard/types.ts";
import { isOfFiles } from "../link/clips/file-list.ts";

const TEXT: ClipType = "text/plain;charset=utf-8";
const ADDRESSES: ClipType = "text/uri-list";
const HINTS = ["x-kde-passwordManagerHint", "text/x-kde-passwordManagerHint"];

/** What an Electron before 45 has. */
interface FormerClipboard {
  availableFormats(): string[];
  has(format: string): boolean;
  readBuffer(format: string): Buffer;
  writeBuffer(format: string, buffer: Buffer): void;
}

const former =
  "availableFormats" in clipboard && typeof clipboard.availableFormats === "function"
    ? (clipboard as unknown as FormerClipboard)
    : null;

export const electronClipboard: HostClipboard = {
  async look(): Promise<HostClipState> {
    const formats = former?.availableFormats() ?? (await clipboard.read()).flatMap(({ types }) => types);
    const hints = former === null ? await rawHints() : HINTS.filter((hint) => former.has(hint));
    const files = await copiedFiles(formats);
    // Electron tells no more of a clip without reading it: another one of the same types cannot be told from it.
    const stamp = [...formats, ...hints, files === null ? "" : createHash("sha256").update(files).digest("hex")];
    const types = [...offeredAs(files === null ? formats : [...formats, COPIED_FILES]).keys()];
    return { types, isSecret: isSecret(hints), stamp: stamp.join("\n") };
  },

  async read(type: ClipType): Promise<Uint8Array> {
    if (type === TEXT) return Buffer.from(await clipboard.readText());
    if (type !== COPIED_FILES) return readAs(type);
    return (await copiedFiles(["text/uri-list"])) ?? new Uint8Array(0);
  },

  async write(type: ClipType, content: Uint8Array): Promise<boolean> {
    // Under Wayland it would be dropped without a word, and the copy that Chromium keeps would be read back.
    if (process.env["WAYLAND_DISPLAY"] !== undefined && BrowserWindow.getFocusedWindow() === null) return false;
    const bytes = Buffer.from(content);
    if (type === TEXT) await clipboard.writeText(bytes.toString("utf8"));
    else if (former === null)
      await clipboard.write([new electron.ClipboardItem({ [type]: new Blob([bytes], { type }) })]);
    else former.writeBuffer(type, bytes);
    return bytes.equals(await this.read(type));
  },

  onFocus(focused: () => void): void {
    app.on("browser-window-focus", focused);
  },
};

/** Formats that are no MIME type of Electron's own. */
async function rawHints(): Promise<string[]> {
  const found = await Promise.all(HINTS.map((hint) => clipboard.has(raw(hint))));
  return HINTS.filter((_, at) => found[at]);
}

/** By this name Electron has a format that is no MIME type of its own. */
function raw(format: string): string {
  return `electron application/osclipboard;format="${format}"`;
}

/** The list of the files that were copied; null: none were. */
async function copiedFiles(formats: readonly string[]): Promise<Uint8Array | null> {
  const hasList = former?.has(COPIED_FILES) ?? (await clipboard.has(raw(COPIED_FILES)));
  if (hasList) return readAs(COPIED_FILES);
  // Not every file manager has that one.
  if (!formats.includes(ADDRESSES)) return null;
  const addresses = await readAs(ADDRESSES);
  return isOfFiles(Buffer.from(addresses).toString()) ? addresses : null;
}

/** Empty where there is nothing of that format. */
async function readAs(format: string): Promise<Uint8Array> {
  if (former !== null) return former.readBuffer(format);
  const names = [format, raw(format)];
  for (const item of await clipboard.read()) {
    const name = item.types.find((type) => names.includes(type));
    const content = name === undefined ? null : await item.getType(name);
    if (content instanceof Blob) return new Uint8Array(await content.arrayBuffer());
  }
  return new Uint8Array(0);
}
