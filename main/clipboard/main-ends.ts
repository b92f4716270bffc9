/** Main as one end of a clip's way: it has the content itself, or takes it. The other end is a link, or the box for pictures. */
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import type { ClipFilter } from "../link/clips/filter.ts";
import { GIVING_STALL_MS } from "../link/clips/giving.ts";
import type { TransferOutcome } from "../link/contracts/clipboard.ts";
import { fromReaderSchema, fromWriterSchema, JointPort } from "../link/joint.ts";
import type { MessagePortLike } from "../link/message-port.ts";

const UNCOUNTED = { progress: () => undefined, parted: () => undefined };

/** Sends `bytes` as they are asked for. `ended` is the last call. Returns a function that ends it. */
export function sendContent(
  bytes: Uint8Array,
  port: MessagePortLike,
  ended: (outcome: TransferOutcome) => void,
): () => void {
  let [sent, isOver] = [0, false];
  const end = (outcome: TransferOutcome): void => {
    if (isOver) return;
    isOver = true;
    const aborted = outcome !== "complete";
    joint.over(aborted, { type: "end", aborted });
    ended(outcome);
  };
  let credit = 0;
  const joint = new JointPort(
    port,
    fromReaderSchema,
    UNCOUNTED,
    (message) => {
      if (message.type === "stop") return end("target");
      credit += message.bytes;
      while (credit > 0 && sent < bytes.length) {
        // A copy: with a part of a buffer the whole of it would be sent.
        const chunk = new Uint8Array(bytes.subarray(sent, sent + Math.min(credit, MAX_STREAM_CHUNK_BYTES)));
        joint.say({ type: "data", bytes: chunk });
        sent += chunk.length;
        credit -= chunk.length;
      }
      if (sent === bytes.length) end("complete");
    },
    () => end("target"),
  );
  return () => end("cancelled");
}

/** Takes content through `filter`. `ended` is the last call. Returns a function that ends it. */
export function takeContent(
  filter: ClipFilter,
  port: MessagePortLike,
  ended: (outcome: TransferOutcome, content: Uint8Array | null) => void,
): () => void {
  const chunks: Uint8Array[] = [];
  let [granted, isOver] = [0, false];
  let stall: NodeJS.Timeout | undefined;
  const end = (outcome: TransferOutcome): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(stall);
    const aborted = outcome !== "complete";
    joint.over(aborted, aborted ? { type: "stop" } : null);
    ended(outcome, aborted ? null : Buffer.concat(chunks));
  };
  const grant = (bytes: number): void => {
    granted += bytes;
    joint.say({ type: "credit", bytes });
    clearTimeout(stall);
    stall = setTimeout(() => end("source"), GIVING_STALL_MS);
  };
  const joint = new JointPort(
    port,
    fromWriterSchema,
    UNCOUNTED,
    (message) => {
      if (message.type === "end" && message.aborted) return end("source");
      if (message.type === "data") granted -= message.bytes.length;
      if (granted < 0) return end("source");
      const filtered = message.type === "end" ? filter.end() : filter.push(message.bytes);
      if (!filtered.ok) return end(filtered.by);
      if (filtered.bytes.length > 0) chunks.push(filtered.bytes);
      if (message.type === "end") end("complete");
      else grant(message.bytes.length);
    },
    () => end("source"),
  );
  grant(MAX_STREAM_CREDIT_BYTES);
  return () => end("cancelled");
}
