// Set-up: from a clean clone, or from whatever an interrupted run left, to an application that can be started.
import { agentFolder, agentStep, isAgentBuilt } from "./agent.mjs";
import { appStep } from "./app.mjs";
import { debianStep } from "./debian.mjs";
import { electronStep, officialVersion, resolveElectron } from "./electron.mjs";
import { fileErrorWords, outputRemedy } from "./file-error.mjs";
import { readText, writeText } from "./files.mjs";
import { npmStep } from "./npm.mjs";
import { cache, checkout, resultFile } from "./paths.mjs";
import { SetupError } from "./process.mjs";
import { runSteps } from "./runner.mjs";
import { serviceImageStep, templateStep } from "./template.mjs";

const leastNode = [20, 19];

/**
 * @param {{ testing?: boolean, isLong?: boolean, benching?: boolean, signal: AbortSignal }} options testing, isLong, benching:
 *   also what only the tests, the long ones, or the benches, need
 * @throws {SetupError} with words for a person; the signal's reason when it was interrupted
 */
export async function setUp({ testing = false, isLong = false, benching = false, signal }) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < (leastNode[0] ?? 0) || (major === leastNode[0] && minor < (leastNode[1] ?? 0))) {
    throw new SetupError(
      `Atoll needs Node.js ${leastNode.join(".")} or newer (nodejs.org has it); this is ${process.versions.node}.`,
    );
  }
  await runSteps(
    [
      debianStep({ testing, isLong, benching, agentIsBuilt: isAgentBuilt }),
      npmStep(),
      agentStep(),
      electronStep(),
      appStep(),
      templateStep("debian"),
      // The application builds it while the VM "home" is used; tests do not wait for that.
      ...(testing ? [templateStep("debian-web")] : []),
      serviceImageStep("firewall"),
      ...(testing ? [serviceImageStep("vpn")] : []),
      serviceImageStep("antivirus"),
      // Started when somebody wants it, and built then; tests do not wait for that.
      ...(testing ? [serviceImageStep("yara"), serviceImageStep("sanitizer")] : []),
      ...(isLong ? [serviceImageStep("signatures")] : []),
    ],
    signal,
  );
  writeResult();
}

/**
 * Tells the application where its parts are, as `out/setup.json`:
 * `{ "electron": {"executable": PATH, "version": "33.2.1", "source": "registry"}, "wantedElectron": "45.4.1",
 * "agent": FOLDER }`, where FOLDER holds the guests' programs.
 */
function writeResult() {
  const text = JSON.stringify(
    { electron: resolveElectron(), wantedElectron: officialVersion(), agent: agentFolder() },
    undefined,
    2,
  );
  if (readText(resultFile) !== text) writeText(resultFile, `${text}\n`);
}

/**
 * Runs a command's work with Ctrl-C, SIGTERM and SIGHUP as an abort signal, and prints failures as messages.
 *
 * @param {(signal: AbortSignal) => Promise<number>} work gives the exit code
 */
export async function main(work) {
  const interrupted = new AbortController();
  /** @type {Record<string, number>} */
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  for (const name of Object.keys(codes)) {
    process.on(name, () => interrupted.abort(new Error(name)));
  }
  // The terminal was closed, or the reader of a pipe: what we have started is not left running.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", () => interrupted.abort(new Error("nobody reads")));
  }
  try {
    process.exitCode = await work(interrupted.signal);
  } catch (error) {
    if (interrupted.signal.aborted) {
      const name = interrupted.signal.reason instanceof Error ? interrupted.signal.reason.message : "";
      process.stderr.write("\nInterrupted. Run the same command again to go on.\n");
      process.exitCode = codes[name] ?? 1;
    } else if (error instanceof SetupError) {
      process.stderr.write(`\n${error.message}\n`);
      if (error.output.length > 0) process.stderr.write(`\n${error.output.map((line) => `  ${line}`).join("\n")}\n`);
      const remedy = outputRemedy(error.output);
      if (remedy) process.stderr.write(`\n${remedy}\n`);
      if (error.log) process.stderr.write(`\nThe whole output is in ${error.log}\n`);
      process.exitCode = 1;
    } else {
      const words = fileErrorWords(error, `the checkout ${checkout} or the cache ${cache}`);
      if (words === undefined) throw error;
      process.stderr.write(`\n${words}\n`);
      process.exitCode = 1;
    }
  }
}
