/** Runs a program with all that it starts as one process group, so that all of it can be ended at once. */
import { spawn, type StdioOptions } from "node:child_process";
import { createInterface } from "node:readline";

export interface GroupRun {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  /** Descriptor 0 of the program; without it that is empty. 1 goes nowhere, 2 is read line by line. */
  input?: number;
  /** Descriptors 3, 4, ... of the program; null: one that is empty. */
  inherited?: readonly (number | null)[];
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** How long the program may clean up after SIGTERM. */
const TERM_GRACE_MS = 15_000;

/**
 * @returns exit code; null when a signal ended it
 * @throws the system's error when the program cannot be started; the signal's reason when it was aborted, after the
 * whole group has gone
 */
export async function runGroup({
  command,
  args,
  env,
  input,
  inherited = [],
  onLine,
  signal,
}: GroupRun): Promise<number | null> {
  signal?.throwIfAborted();
  const stdio: StdioOptions = [input ?? "ignore", "ignore", "pipe", ...inherited.map((fd) => fd ?? "ignore")];
  const child = spawn(command, args, { env: env ?? process.env, stdio, detached: true });
  if (child.stderr && onLine) createInterface({ input: child.stderr }).on("line", onLine);
  else child.stderr?.resume();

  let killTimer: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(child.pid, "SIGTERM");
    killTimer = setTimeout(() => killGroup(child.pid, "SIGKILL"), TERM_GRACE_MS);
  };
  signal?.addEventListener("abort", end, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (signal?.aborted) killGroup(child.pid, "SIGKILL");
    signal?.throwIfAborted();
    return code;
  } finally {
    clearTimeout(killTimer);
    signal?.removeEventListener("abort", end);
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has gone already.
  }
}
