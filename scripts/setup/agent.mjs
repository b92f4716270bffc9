// Builds the guest's programs: the agent, init, what the agent preloads into Xwayland, and the built-in services'; and the host's
// for its own files.
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { hashOf, makeFolder } from "./files.mjs";
import { withLock } from "./lock.mjs";
import { cache, checkout } from "./paths.mjs";
import { run } from "./process.mjs";
import { rustEnvironment } from "./rust.mjs";

const staticTarget = "x86_64-unknown-linux-gnu";

export const cargoTargetFolder = join(cache, "cargo-target");

/** The files of the agent's folder (PROGRAMS of images/builder/initrd.ts, and the host's), and where cargo leaves them. */
const builtPrograms = {
  "atoll-agent": "release/atoll-agent",
  "atoll-copy.so": "release/libatoll_copy.so",
  "atoll-portal": "release/atoll-portal",
  // The host's own, which are no programs of the guests.
  "atoll-files": "release/atoll-files",
  "atoll-fork-memory.so": "release/libatoll_fork_memory.so",
  "atoll-relay": "release/atoll-relay",
  "atoll-init": join(staticTarget, "release/atoll-init"),
  // Of built-in services: services/NAME.
  "services/firewall/atoll-netfilter": join(staticTarget, "release/atoll-netfilter"),
};

/** @returns {import("./runner.mjs").Step} */
export function agentStep() {
  return {
    id: "agent",
    title: "Guest agent",
    needs: ["debian"],
    isUpToDate: async () => (isAgentBuilt() ? "" : undefined),
    run: ({ signal, log, detail }) =>
      withLock(
        join(cache, "agent.lock"),
        { signal, onWait: () => detail("waiting for another set-up") },
        async (lockFd) => {
          if (isAgentBuilt()) return;
          // Of the sources as they are now: whoever edits them meanwhile gets another folder, and another build.
          const target = agentFolder();
          const environment = { ...(await rustEnvironment()), CARGO_TARGET_DIR: cargoTargetFolder };
          let compiled = 0;
          /** @param {string} line */
          const onLine = (line) => {
            const crate = /^\s*Compiling (\S+)/.exec(line)?.[1];
            if (crate) detail(`compiling ${crate} (${(compiled += 1)})`);
          };
          /**
           * @param {"build" | "clean"} command
           * @param {string[]} args
           * @param {NodeJS.ProcessEnv} [env]
           */
          const cargo = (command, args, env = {}) =>
            run("cargo", [command, "--release", "--locked", ...args], {
              cwd: join(checkout, "agents"),
              env: { ...environment, ...env },
              signal,
              log,
              lockFd,
              onLine,
            });
          // Cargo decides by times what is up to date: in the folder that all checkouts share, another one's newer build of
          // our own crates would pass for this one's.
          const ours = [
            "atoll-wire",
            "atoll-files",
            "atoll-pages",
            "atoll-agent",
            "atoll-init",
            "atoll-copy",
            "atoll-fork-memory",
            "atoll-netfilter",
            "atoll-relay",
          ].flatMap((name) => ["-p", name]);
          await cargo("clean", ours);
          await cargo("clean", [...ours, "--target", staticTarget]);
          // Init runs before anything of the guest's file system is there, and the firewall's program on an image that has
          // little: they carry their C library.
          const isStatic = { RUSTFLAGS: "-C target-feature=+crt-static" };
          await cargo("build", ["-p", "atoll-init", "-p", "atoll-netfilter", "--target", staticTarget], isStatic);
          const programs = ["atoll-agent", "atoll-copy", "atoll-files", "atoll-fork-memory", "atoll-relay"].flatMap(
            (name) => ["-p", name],
          );
          await cargo("build", programs);
          await makeFolder(target, async (folder) => {
            for (const [name, built] of Object.entries(builtPrograms)) {
              mkdirSync(dirname(join(folder, name)), { recursive: true });
              copyFileSync(join(cargoTargetFolder, built), join(folder, name));
              chmodSync(join(folder, name), 0o755);
            }
          });
        },
      ),
  };
}

/** Keyed by what it is built from, not by the compiler: another one makes the same agent. */
export function agentFolder() {
  const sources = hashOf(checkout, ["agents"], { accept: (path) => /\.(rs|toml|lock|proto)$/.test(path) });
  return join(cache, "agent", sources);
}

export function isAgentBuilt() {
  const folder = agentFolder();
  return Object.keys(builtPrograms).every((name) => existsSync(join(folder, name)));
}
