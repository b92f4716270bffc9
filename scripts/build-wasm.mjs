// Compiles the compositor's decoders from AssemblyScript to renderer/compositor/decoders/gen/decoders.wasm.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "./setup/paths.mjs";

const folder = join(checkout, "renderer/compositor/decoders");
const entry = "assembly/index.ts";

if (existsSync(join(folder, entry))) {
  mkdirSync(join(folder, "gen"), { recursive: true });
  const unfinished = `gen/decoders.${process.pid}.wasm`;
  const { status } = spawnSync(
    "setpriv",
    [
      "--pdeathsig",
      "TERM",
      process.execPath,
      join(checkout, "node_modules/assemblyscript/bin/asc.js"),
      entry,
      "-O3",
      "--noAssert",
      "--runtime=stub",
      "--enable=simd",
      "--outFile",
      unfinished,
    ],
    { cwd: folder, stdio: "inherit" },
  );
  if (status !== 0) process.exit(status ?? 1);
  renameSync(join(folder, unfinished), join(folder, "gen/decoders.wasm"));
}
