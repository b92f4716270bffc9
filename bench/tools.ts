/** Builds the bench's two programs: see bench/tools. */
import path from "node:path";
import { cache, checkout } from "../scripts/setup/paths.mjs";
import { run } from "../scripts/setup/process.mjs";
import { rustEnvironment } from "../scripts/setup/rust.mjs";

export interface Tools {
  /** Ends what they wait for. */
  signal: AbortSignal;
  /** Runs on the host. */
  probe: string;
  /** Runs in the guests. */
  stimulus: string;
}

export async function buildTools(signal: AbortSignal): Promise<Tools> {
  const target = path.join(cache, "bench-target");
  await run("cargo", ["build", "--release", "--locked"], {
    cwd: path.join(checkout, "bench/tools"),
    env: { ...(await rustEnvironment()), CARGO_TARGET_DIR: target },
    signal,
  });
  return { signal, probe: path.join(target, "release/probe"), stimulus: path.join(target, "release/stimulus") };
}
