/**
 * The application as an ordinary user has it, whoever runs the tests. Root gives a copy of what set-up made (hard links
 * where they can be) to `nobody`, who could not read root's own.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { _electron, type ElectronApplication } from "@playwright/test";
import { cachePaths, resolveCacheDir } from "../../images/builder/cache-dir.ts";
import { resolveElectron } from "../../scripts/setup/electron.mjs";
import { isAlive } from "./desktop.ts";

/** Playwright switches the sandbox off unless asked to keep it. The copy of the files is read from the disk at first. */
const SANDBOXED = { chromiumSandbox: true, timeout: 180_000 };
const checkout = path.resolve(import.meta.dirname, "../..");

export interface OrdinaryDesktop {
  app: ElectronApplication;
  uid: number;
  /** Ends what still runs of it, and removes its files. */
  remove(): void;
}

export async function startAsOrdinaryUser(): Promise<OrdinaryDesktop> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-user-"));
  const uid = process.getuid?.() ?? 0;
  const electron = resolveElectron().executable;
  const env = { ...process.env, ATOLL_HOME: path.join(folder, "home"), ATOLL_GRAPHICS: "software" } as Record<
    string,
    string
  >;
  if (uid !== 0) {
    return opened(
      await _electron.launch({ ...SANDBOXED, executablePath: electron, args: [checkout], env }),
      uid,
      folder,
    );
  }
  const nobody = { uid: idOf("-u"), gid: idOf("-g") };
  fs.chmodSync(folder, 0o755);
  for (const name of ["home", "cache"]) {
    fs.mkdirSync(path.join(folder, name));
    fs.chownSync(path.join(folder, name), nobody.uid, nobody.gid);
  }
  copyTree(path.dirname(electron), path.join(folder, "electron"));
  copyTree(cachePaths(resolveCacheDir()).templatesDir, cachePaths(path.join(folder, "cache")).templatesDir);
  const app = path.join(folder, "app");
  fs.cpSync(path.join(checkout, "out"), path.join(app, "out"), { recursive: true });
  fs.copyFileSync(path.join(checkout, "package.json"), path.join(app, "package.json"));
  const setup = path.join(app, "out/setup.json");
  const made = JSON.parse(fs.readFileSync(setup, "utf8")) as { agent: string };
  copyTree(made.agent, path.join(folder, "agent"));
  fs.writeFileSync(setup, JSON.stringify({ ...made, agent: path.join(folder, "agent") }));

  // Playwright puts its own arguments first, so another user is a program of its own.
  const program = path.join(folder, "electron-as-nobody");
  fs.writeFileSync(
    program,
    `#!/bin/sh\nexec setpriv --reuid=${nobody.uid} --regid=${nobody.gid} --clear-groups -- "${folder}/electron/electron" "$@"\n`,
    { mode: 0o755 },
  );
  const own = { HOME: path.join(folder, "home"), ATOLL_CACHE: path.join(folder, "cache"), XDG_RUNTIME_DIR: "" };
  const launched = await _electron.launch({
    ...SANDBOXED,
    executablePath: program,
    args: [app],
    cwd: folder,
    env: { ...env, ...own },
  });
  return opened(launched, nobody.uid, folder);
}

function opened(app: ElectronApplication, uid: number, folder: string): OrdinaryDesktop {
  const child = app.process();
  const remove = (): void => {
    child.kill("SIGKILL");
    const vms = path.join(folder, "home/run/vms");
    for (const vm of fs.existsSync(vms) ? fs.readdirSync(vms) : []) {
      const file = path.join(vms, vm, "qemu.pid");
      if (!fs.existsSync(file)) continue;
      const pid = Number(fs.readFileSync(file, "utf8"));
      if (isAlive(pid)) process.kill(pid, "SIGKILL");
    }
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  return { app, uid, remove };
}

function idOf(what: "-u" | "-g"): number {
  return Number(execFileSync("id", [what, "nobody"], { encoding: "utf8" }));
}

function copyTree(from: string, to: string): void {
  fs.mkdirSync(path.dirname(to), { recursive: true });
  try {
    execFileSync("cp", ["-al", from, to], { stdio: "ignore" });
  } catch {
    // Another file system.
    fs.rmSync(to, { recursive: true, force: true });
    execFileSync("cp", ["-a", "--sparse=always", from, to]);
  }
  // Templates are closed to others than their owner; the files in them may be those of the originals.
  execFileSync("find", [to, "-type", "d", "-exec", "chmod", "755", "{}", "+"]);
}
