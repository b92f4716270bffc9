/**
 * What happens in the box: takes one picture from a port, has it encoded again, and sends the result by another one. Both speak
 * what main/link/joint.ts says: this is a reader there and a writer here. Whatever goes wrong, the target gets an aborted end.
 */
import { MAX_PICTURE_BYTES } from "#shared/model/picture.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { joined } from "./joined.ts";

type Said =
  | { type: "data"; bytes: Uint8Array }
  | { type: "end"; aborted: boolean }
  | { type: "credit"; bytes: number }
  | { type: "stop" };

/** @param encode gives the pieces of the new file; rejects what is no picture, or too large a one */
export async function runBox(
  source: MessagePort,
  target: MessagePort,
  encode: (picture: Uint8Array) => AsyncIterable<Uint8Array>,
): Promise<void> {
  const writer = writeTo(target);
  const turns = new Turns();
  try {
    const picture = await readFrom(source, writer.stopped);
    let bytes = 0;
    for await (const piece of encode(picture)) {
      bytes += piece.length;
      if (bytes > MAX_PICTURE_BYTES) throw new Error("the picture is too large");
      writer.send(piece);
      // An encoder that waits for nothing would keep out what the target asks for until it has done all of it.
      await turns.next();
    }
    writer.end();
  } catch {
    source.postMessage({ type: "stop" });
    writer.abort();
  } finally {
    turns.close();
  }
}

/** Lets what other ports have said be heard. A timer would wait for 4 ms each time. */
class Turns {
  readonly #channel = new MessageChannel();

  next(): Promise<void> {
    const { port1, port2 } = this.#channel;
    return new Promise((resolve) => {
      port1.onmessage = () => resolve();
      port2.postMessage(null);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}

/** Rejects where it is not whole, too large, or nobody wants it any more. */
function readFrom(source: MessagePort, stopped: Promise<void>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    void stopped.then(() => reject(new Error("the target wants no more")));
    source.onmessage = ({ data }) => {
      const said = data as Said;
      if (said.type === "end" && !said.aborted) return resolve(joined(chunks));
      if (said.type !== "data") return reject(new Error("the picture does not come"));
      bytes += said.bytes.length;
      if (bytes > MAX_PICTURE_BYTES) return reject(new Error("the picture is too large"));
      chunks.push(said.bytes);
      source.postMessage({ type: "credit", bytes: said.bytes.length });
    };
    source.postMessage({ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES });
  });
}

interface Writer {
  readonly stopped: Promise<void>;
  send(bytes: Uint8Array): void;
  end(): void;
  abort(): void;
}

/** What the target has not asked for yet waits here. */
function writeTo(target: MessagePort): Writer {
  const waiting: Uint8Array[] = [];
  let credit = 0;
  let isAll = false;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const pump = (): void => {
    while (waiting.length > 0 && credit > 0) {
      const bytes = taken(waiting, Math.min(credit, MAX_STREAM_CHUNK_BYTES));
      target.postMessage({ type: "data", bytes });
      credit -= bytes.length;
    }
    if (isAll && waiting.length === 0) target.postMessage({ type: "end", aborted: false });
  };
  target.onmessage = ({ data }) => {
    const said = data as Said;
    if (said.type !== "credit") return stop();
    credit += said.bytes;
    if (waiting.length > 0) pump();
  };
  return {
    stopped,
    send(bytes) {
      if (bytes.length > 0) waiting.push(bytes);
      pump();
    },
    end() {
      isAll = true;
      pump();
    },
    abort: () => target.postMessage({ type: "end", aborted: true }),
  };
}

/**
 * The first `room` bytes, or all. Not each piece by itself: as credit comes back message by message, each end of a piece would
 * make two messages of one, for good.
 */
function taken(pieces: Uint8Array[], room: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = room; left > 0;) {
    const piece = pieces.shift();
    if (piece === undefined) break;
    parts.push(piece.subarray(0, left));
    if (piece.length > left) pieces.unshift(piece.subarray(left));
    left -= piece.length;
  }
  return joined(parts);
}
