/** Reads what is not there yet: the host's own clipboard answers by a promise. */
import type { ClipEnd, ClipPreview, ClipReading, ClipTarget, ReadClip, ReadySource } from "./reading.ts";

/** Reads any source, by what reads those that are ready. */
export function readingLater(read: ReadClip<ReadySource>): ReadClip {
  return (source, type) => {
    if (source.kind !== "later") return read(source, type);
    const ready = source.bytes().catch(() => new Uint8Array(0));
    return new LaterReading(ready.then((bytes) => read({ kind: "bytes", bytes }, type)));
  };
}

class LaterReading implements ClipReading {
  readonly #ready: Promise<ClipReading>;
  #reading: ClipReading | null = null;
  #isCancelled = false;

  constructor(ready: Promise<ClipReading>) {
    this.#ready = ready.then((reading) => {
      this.#reading = reading;
      if (this.#isCancelled) reading.cancel();
      return reading;
    });
  }

  get preview(): ClipPreview {
    return this.#reading?.preview ?? { text: "", bytes: 0, isComplete: false, picture: null };
  }

  look(): void {
    void this.#ready.then((reading) => reading.look());
  }

  onPreview(changed: (preview: ClipPreview) => void): () => void {
    let stop: () => void = () => undefined;
    let isOver = false;
    void this.#ready.then((reading) => {
      if (isOver) return;
      stop = reading.onPreview(changed);
      changed(reading.preview);
    });
    return () => {
      isOver = true;
      stop();
    };
  }

  async deliver(target: ClipTarget, ruleBytes: number | null = null): Promise<ClipEnd> {
    return (await this.#ready).deliver(target, ruleBytes);
  }

  onTaken(taken: () => void): () => void {
    let stop: () => void = () => undefined;
    void this.#ready.then((reading) => (stop = reading.onTaken(taken)));
    return () => stop();
  }

  answer(request: number): void {
    // After `deliver`, which waits for the same.
    void this.#ready.then((reading) => reading.answer(request));
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#reading?.cancel();
  }
}
