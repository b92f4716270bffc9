/**
 * Joints of streams: what one VM's guest writes, another's reads. Main opens, ends and counts them; the bytes go from link
 * to link by a port of their own (main/link/joint.ts) and never come here.
 */
import { streams } from "./services/streams.ts";
import type { Vm } from "./vm.ts";

export interface StreamOf {
  /** A VM, or what has a link as one does. */
  vm: Pick<Vm, "service">;
  /** Opened, and not written, granted or joined before. */
  stream: number;
}

export interface JointEnd {
  /** Bytes that have gone to the reading guest. */
  bytes: number;
  /** They are not all: a guest or a link ended before the writer had said that this was the end, or the reader wanted no more. */
  aborted: boolean;
}

export interface JointOptions {
  /** Ends the joint. */
  signal?: AbortSignal;
  /** Bytes so far; called a few times a second at most. */
  onProgress?: (bytes: number) => void;
}

/** @throws AppError vm.not-running */
export function joinStreams(
  from: StreamOf,
  to: StreamOf,
  { signal, onProgress = () => undefined }: JointOptions = {},
): { done: Promise<JointEnd> } {
  const [writer, reader] = [from.vm.service(streams), to.vm.service(streams)];
  const part = (): void => {
    writer.part(from.stream);
    reader.part(to.stream);
  };
  let bytes = 0;
  let over: (end: JointEnd) => void = () => undefined;
  const done = new Promise<JointEnd>((resolve) => (over = resolve));
  writer.join(
    from.stream,
    {
      // What arrives is counted, not what was sent.
      progress: () => undefined,
      // The reader's link sees that the port was closed; this holds also where it does not.
      parted: (end) => {
        if (end === null) reader.part(to.stream);
      },
    },
    reader,
    to.stream,
    {
      progress(carried) {
        bytes = carried;
        onProgress(carried);
      },
      parted(end) {
        signal?.removeEventListener("abort", part);
        if (end === null) writer.part(from.stream);
        over(end ?? { bytes, aborted: true });
      },
    },
  );
  if (signal?.aborted === true) part();
  else signal?.addEventListener("abort", part);
  return { done };
}
