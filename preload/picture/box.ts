/**
 * What happens in the box: takes one picture from a port, has it encoded again, and sends the result by another one. Both speak
 * what main/link/joint.ts says: this is a reader there and a writer here. Whatever goes wrong, the target gets an aborted end.
 */
import { MAX_PICTURE_BYTES } from "#shared/model/picture.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";

type Said =
  | { type: "data"; bytes: Uint8Array }
  | { type: "end"; aborted: boolean }
  | { type: "credit"; bytes: number }
  | { type: "stop" };

/** @param encode rejects what is no picture, or too large a one */
export async function runBox(
  source: MessagePort,
  target: MessagePort,
  encode: (picture: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const writer = writeTo(target);
  try {
    const picture = await readFrom(source, writer.stopped);
    const encoded = await encode(picture);
    if (encoded.length > MAX_PICTURE_BYTES) throw new Error("the picture is too large");
    writer.send(encoded);
  } catch {
    source.postMessage({ type: "stop" });
    writer.abort();
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
      if (said.type === "end" && !said.aborted) return resolve(joined(chunks, bytes));
      if (said.type !== "data") return reject(new Error("the picture does not come"));
      bytes += said.bytes.length;
      if (bytes > MAX_PICTURE_BYTES) return reject(new Error("the picture is too large"));
      chunks.push(said.bytes);
      source.postMessage({ type: "credit", bytes: said.bytes.length });
    };
    source.postMessage({ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES });
  });
}

function writeTo(target: MessagePort): { stopped: Promise<void>; send(bytes: Uint8Array): void; abort(): void } {
  let [credit, sent] = [0, 0];
  let encoded: Uint8Array | null = null;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const pump = (): void => {
    if (encoded === null) return;
    while (credit > 0 && sent < encoded.length) {
      const bytes = encoded.slice(sent, sent + Math.min(credit, MAX_STREAM_CHUNK_BYTES));
      target.postMessage({ type: "data", bytes });
      sent += bytes.length;
      credit -= bytes.length;
    }
    if (sent < encoded.length) return;
    target.postMessage({ type: "end", aborted: false });
    encoded = null;
  };
  target.onmessage = ({ data }) => {
    const said = data as Said;
    if (said.type !== "credit") return stop();
    credit += said.bytes;
    pump();
  };
  return {
    stopped,
    send(bytes) {
      encoded = bytes;
      pump();
    },
    abort: () => target.postMessage({ type: "end", aborted: true }),
  };
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
