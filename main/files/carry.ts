/** Files that a VM is to have for Atoll's own work, from agent to agent: none of them is on this computer's disk. */
import { randomBytes } from "node:crypto";
import { AppError } from "#shared/model/app-error.ts";
import type { ArrivedFile, ListedFile } from "#shared/protocol/files.ts";
import type { FilesToList } from "../link/contracts/files.ts";
import { joinStreams } from "../vms/joints.ts";
import type { Vm } from "../vms/vm.ts";
import { SourceEnd, TargetEnd } from "./ends.ts";
import type { FilesEnd } from "./host-files.ts";

const KEY_BYTES = 16;
/** Longest between two signs that files move. */
const STALLED_MS = 60_000;

export interface Carrying {
  from: { end: FilesEnd; /** As the target notes it. */ name: string; what: FilesToList };
  to: Vm;
  /** A folder there, in which they come. */
  into: string;
  /** Those that come, with the names that they have there. @throws AppError: none comes */
  admit: (listed: readonly ListedFile[]) => readonly ListedFile[];
  /** Aborted: none comes any more. */
  signal?: AbortSignal;
}

/**
 * Whether there was anything; all of it is there when it resolves.
 * @throws AppError vm.not-running, transfer.failed, what `admit` throws; the reason of `signal`
 */
export async function carryFiles({ from, to, into, admit, signal }: Carrying): Promise<boolean> {
  const source = new SourceEnd(from.end, from.what);
  let target: TargetEnd | null = null;
  let stalled: NodeJS.Timeout | undefined;
  let over: (isWhole: boolean) => void = () => undefined;
  const arrived = new Promise<boolean>((resolve) => (over = resolve));
  const stop = (): void => {
    void source.stop(false);
    over(false);
  };
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const all = await source.listed;
    signal?.throwIfAborted();
    if (all === null || all.every(({ kind }) => kind === "folder")) return false;
    const listed = admit(all);
    const files = listed.filter(({ kind }) => kind === "file");
    let whole = 0;
    const isMoving = (): void => {
      clearTimeout(stalled);
      stalled = setTimeout(() => over(false), STALLED_MS);
    };
    const done = (some: readonly ArrivedFile[]): void => {
      isMoving();
      for (const { outcome, index } of some) {
        if (!files.some((file) => file.index === index)) continue;
        if (outcome !== "whole") over(false);
        else whole += 1;
      }
      if (whole === files.length) over(true);
    };
    target = new TargetEnd(
      to,
      {
        key: randomBytes(KEY_BYTES),
        origin: from.name,
        into: { kind: "path", path: Buffer.from(`${into}/`) },
        files: listed.length,
        bytes: listed.reduce((sum, { size }) => sum + size, 0),
        isOpened: false,
        isReadOnly: false,
      },
      listed,
      done,
    );
    isMoving();
    void target.over.then(() => over(false));
    void source.over.then((end) => (end.kind === "lost" ? over(false) : undefined));
    const begin = await Promise.race([target.ready, arrived.then(() => null)]);
    if (begin !== null) {
      source.send(begin, []);
      const [out, incoming] = await Promise.all([source.stream, target.stream]);
      if (out !== null && incoming !== null) joinStreams({ vm: from.end, stream: out }, { vm: to, stream: incoming });
    }
    if (await arrived) return true;
    signal?.throwIfAborted();
    throw new AppError("transfer.failed", `Files of "${from.name}" did not come to VM "${to.definition.name}".`, {});
  } finally {
    clearTimeout(stalled);
    signal?.removeEventListener("abort", stop);
    await Promise.all([source.stop(false), target?.stop(false)]);
  }
}
