/** Brings into the history what a person copies: text, 64 KiB at most, and no secret. */
import type { ClipType } from "#shared/model/clip.ts";
import { Emitter } from "../base/emitter.ts";
import type { ClipBroker } from "./broker.ts";
import type { Clip } from "./clip.ts";
import { ClipHistory } from "./history.ts";
import type { ClipReading, ReadClip } from "./reading.ts";

const MAX_TEXT_BYTES = 64 * 1024;
const TEXT: ClipType = "text/plain;charset=utf-8";

export class HistoryKeeper extends Emitter<{ changed: [] }> {
  readonly history: ClipHistory;
  readonly #read: ReadClip;
  /** Of the copy before; it is over when something else is copied. */
  #reading: ClipReading | null = null;

  constructor(broker: ClipBroker, read: ReadClip, nowMs: () => number) {
    super();
    this.history = new ClipHistory(nowMs);
    this.#read = read;
    broker.on("copied", (clip) => void this.#keep(clip));
  }

  /** Something of it was changed by the person. */
  changed(): void {
    this.emit("changed");
  }

  async #keep(clip: Clip): Promise<void> {
    this.#reading?.cancel();
    this.#reading = null;
    const { from, types, isSecret } = clip;
    if (isSecret || from.kind !== "vm" || from.label === null || !types.has(TEXT)) return;
    const reading = this.#read(clip.source(TEXT), TEXT);
    this.#reading = reading;
    const stop = reading.onPreview(({ bytes }) => {
      if (bytes > MAX_TEXT_BYTES) reading.cancel();
    });
    const end = await reading.deliver({ kind: "collect" });
    stop();
    if (end.outcome !== "complete" || end.content === null || end.content.length > MAX_TEXT_BYTES) return;
    this.history.add({ from, label: from.label, text: Buffer.from(end.content).toString("utf8") });
    this.changed();
  }
}
