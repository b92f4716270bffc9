/** Files of one service's VM that another is to have, from agent to agent: none of them is on this computer's disk. */
import { randomBytes } from "node:crypto";
import { AppError } from "#shared/model/app-error.ts";
import type { ArrivedFile } from "#shared/protocol/files.ts";
import { SourceEnd, TargetEnd } from "../files/ends.ts";
import { joinStreams } from "../vms/joints.ts";
import type { Vm } from "../vms/vm.ts";

const KEY_BYTES = 16;
/** Longest between two signs that files move. */
const STALLED_MS = 60_000;
/** ClamAV's databases have some hundred MiB, and what is in quarantine is bounded by its program. */
const MAX_BYTES = 4 * 1024 ** 3;

export interface Carried {
  from: Vm;
  /** A folder; where there is none, nothing is carried. */
  path: string;
  to: Vm;
  /** In which that folder comes. */
  into: string;
}

/** Whether there was anything; all of it is there when it resolves. @throws AppError vm.not-running, transfer.failed */
export async function carryFiles({ from, path, to, into }: Carried): Promise<boolean> {
  const source = new SourceEnd(from, { paths: [Buffer.from(path)] });
  let target: TargetEnd | null = null;
  let stalled: NodeJS.Timeout | undefined;
  try {
    const listed = await source.listed;
    if (listed === null || listed.every(({ kind }) => kind === "folder")) return false;
    const bytes = listed.reduce((sum, { size }) => sum + size, 0);
    const { name } = from.definition;
    if (bytes > MAX_BYTES)
      throw new AppError("transfer.failed", `VM "${name}" has too much to give: ${bytes} bytes.`, { path });
    let whole = 0;
    let over: (isWhole: boolean) => void = () => undefined;
    const arrived = new Promise<boolean>((resolve) => (over = resolve));
    const isMoving = (): void => {
      clearTimeout(stalled);
      stalled = setTimeout(() => over(false), STALLED_MS);
    };
    const files = listed.filter(({ kind }) => kind === "file");
    const done = (some: readonly ArrivedFile[]): void => {
      isMoving();
      for (const { outcome, index } of some) {
        const { kind } = listed[index] ?? {};
        if (kind === "file" && outcome !== "whole") over(false);
        else if (kind === "file") whole += 1;
      }
      if (whole === files.length) over(true);
    };
    target = new TargetEnd(
      to,
      {
        key: randomBytes(KEY_BYTES),
        origin: name,
        into: { kind: "path", path: Buffer.from(`${into}/`) },
        files: listed.length,
        bytes,
        isOpened: false,
        isReadOnly: false,
      },
      listed,
      done,
    );
    isMoving();
    void target.over.then(() => over(false));
    void source.over.then((end) => (end.kind === "lost" ? over(false) : undefined));
    const begin = await target.ready;
    if (begin !== null) {
      source.send(begin, []);
      const [out, incoming] = await Promise.all([source.stream, target.stream]);
      if (out !== null && incoming !== null) joinStreams({ vm: from, stream: out }, { vm: to, stream: incoming });
    }
    if (await arrived) return true;
    const names = `"${name}" to "${to.definition.name}"`;
    throw new AppError("transfer.failed", `Files of a service did not come from VM ${names}.`, { path });
  } finally {
    clearTimeout(stalled);
    await Promise.all([source.stop(false), target?.stop(false)]);
  }
}
