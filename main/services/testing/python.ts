/** Python in the tests of services' programs. */
import { execFile, execFileSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

/**
 * Whether there is one here, as in the image of a service: set-up for the tests installs it. In CI there has to be one: tests
 * that were left out there would be missed by nobody.
 */
export const hasPython = ((): boolean => {
  if (process.env["CI"]) return true;
  try {
    execFileSync("python3", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

/** Runs lines in the folder of a built-in service's program, with `words` as `sys.argv[1:]`: what the last line comes to. */
export async function runInProgram(
  service: string,
  lines: readonly string[],
  words: readonly string[],
): Promise<unknown> {
  const script = ["import json, sys", ...lines.slice(0, -1), `print(json.dumps(${lines.at(-1)}))`].join("\n");
  const cwd = path.join(import.meta.dirname, "../../../services", service, "program");
  const options = { cwd, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } };
  return JSON.parse((await promisify(execFile)("python3", ["-c", script, ...words], options)).stdout);
}
