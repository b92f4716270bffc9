/**
 * The host's clipboard by Electron: the adapter of main/clipboard/host-clip.ts. Pictures pass as bytes: none is decoded here.
 * Electron 45 has promises and items; the ones before it, which set-up may have to take, answer at once.
 */
// ClipboardItem by its namespace: a module that imports by name what an Electron does not have does not begin there.
import * as electron from "electron";
import { app, BrowserWindow, clipboard } from "electron";
import type { ClipType } from "#shared/model/clip.ts";
import type { HostClipboard, HostClipState } from "../clipboard/host-clip.ts";
import { isSecret, offeredAs } from "../clipboard/types.ts";

const TEXT: ClipType = "text/plain;charset=utf-8";
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
    // Electron tells no more of a clip without reading it: another one of the same types cannot be told from it.
    const stamp = [...formats, ...hints].join("\n");
    return { types: [...offeredAs(formats).keys()], isSecret: isSecret(hints), stamp };
  },

  async read(type: ClipType): Promise<Uint8Array> {
    if (type === TEXT) return Buffer.from(await clipboard.readText());
    if (former !== null) return former.readBuffer(type);
    const item = (await clipboard.read()).find(({ types }) => types.includes(type));
    const content = await item?.getType(type);
    return content instanceof Blob ? new Uint8Array(await content.arrayBuffer()) : new Uint8Array(0);
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
  const found = await Promise.all(
    HINTS.map((hint) => clipboard.has(`electron application/osclipboard;format="${hint}"`)),
  );
  return HINTS.filter((_, at) => found[at]);
}
