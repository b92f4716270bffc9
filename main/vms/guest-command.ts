/** A short command in a guest, run to its end: what it printed, and how it ended. */
import { waitFor } from "../base/waiting.ts";
import { Exec } from "./exec.ts";
import type { Vm } from "./vm.ts";

export interface GuestCommandOptions {
  input?: Uint8Array;
  /** Of its standard output: what is beyond is dropped. */
  maxBytes?: number;
  /** Then it is killed; without it, it ends by itself. */
  timeoutMs?: number;
}

export interface GuestCommandEnd {
  /** `failed`: by another exit code than 0, or a signal. */
  how: "done" | "failed" | "late";
  /** A guest's word. */
  untrustedOutput: Buffer;
}

const SIGKILL = 9;

/** @throws AppError vm.not-running, exec.failed, exec.lost */
export function runInGuest(
  vm: Vm,
  argv: string[],
  { input, maxBytes = 0, timeoutMs }: GuestCommandOptions = {},
): Promise<GuestCommandEnd> {
  const exec = new Exec(vm, argv, null);
  if (input === undefined) exec.endInput();
  else void exec.write(input).then(() => exec.endInput());
  const untrustedParts: Uint8Array[] = [];
  let length = 0;
  const ended = (how: GuestCommandEnd["how"]): GuestCommandEnd => ({
    how,
    untrustedOutput: Buffer.concat(untrustedParts),
  });
  return waitFor<GuestCommandEnd>({
    listen: ({ resolve, reject }) => {
      const stops = [
        exec.on("output", (stream, part) => {
          exec.grant(stream, part.length);
          if (stream !== "stdout" || length >= maxBytes) return;
          const kept = part.subarray(0, maxBytes - length);
          untrustedParts.push(kept);
          length += kept.length;
        }),
        exec.on("exited", ({ code, signal }) => resolve(ended(code === 0 && signal === 0 ? "done" : "failed"))),
        exec.on("failed", reject),
      ];
      return () => stops.forEach((stop) => stop());
    },
    timeoutMs,
    onTimeout: ({ resolve }) => {
      exec.signal(SIGKILL);
      resolve(ended("late"));
    },
  });
}
