/** Python in the tests of services' programs. */
import { execFileSync, spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";

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

/** Runs each script that it is named in a child of its own, as one that was started for it: Python starts once. */
const SERVER = `
import json, os, sys, traceback
for line in sys.stdin:
    script, words = json.loads(line)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(write_end, 1)
        sys.argv = ["-c", *words]
        try:
            exec(script, {"__name__": "__main__"})
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as file:
        text = file.read()
    os.waitpid(child, 0)
    print(json.dumps(text), flush=True)
`;

/** Resolves with what the script has printed. */
type RunScript = (script: string, words: readonly string[]) => Promise<string>;

/** By the service's name; they end with this process. */
const servers = new Map<string, RunScript>();

function serverOf(service: string): RunScript {
  const known = servers.get(service);
  if (known !== undefined) return known;
  const child = spawn("python3", ["-c", SERVER], {
    cwd: path.join(import.meta.dirname, "../../../services", service, "program"),
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const waiting: ((text: string) => void)[] = [];
  readline.createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(JSON.parse(line) as string));
  // It ends when nobody can ask it any more, and keeps nobody from ending.
  child.unref();
  const server: RunScript = (script, words) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      child.stdin.write(`${JSON.stringify([script, words])}\n`);
    });
  servers.set(service, server);
  return server;
}

/** Runs lines in the folder of a built-in service's program, with `words` as `sys.argv[1:]`: what the last line comes to. */
export async function runInProgram(
  service: string,
  lines: readonly string[],
  words: readonly string[],
): Promise<unknown> {
  const script = ["import json, sys", ...lines.slice(0, -1), `print(json.dumps(${lines.at(-1)}))`].join("\n");
  return JSON.parse(await serverOf(service)(script, words));
}
