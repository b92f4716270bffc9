/** What Atoll needs of this machine, checked. Needs no running application. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import { PROGRAMS, resolveCacheDir } from "../../images/builder/index.ts";
import { electronWarning } from "../base/electron-version.ts";
import { type Paths, recipesFolder, resolvePaths } from "../base/paths.ts";
import { ALLOW_NAMESPACES } from "../base/user-namespaces.ts";
import { choiceFor, graphicsInUse } from "../graphics/graphics.ts";
import { hostChecks } from "../hardware/host.ts";
import { kioskLimitMiB } from "../kiosks/limit.ts";
import { findSettings, type SettingsFound } from "../settings/settings.ts";
import { filesCheck } from "./files-check.ts";
import { templateViews } from "./template-views.ts";
import { uplinkCheck } from "./uplink-check.ts";
import { messageOf } from "#shared/model/app-error.ts";

const LOW_MEMORY_MIB = 1024;
const LOW_DISK_MIB = 2048;
const SET_UP = "npm start -- --setup-only";
const NEWER_ELECTRON = `Run "${SET_UP}" where Electron's release host can be reached, or set ELECTRON_OVERRIDE_DIST_PATH to a newer one.`;
const NEWER_PACKAGE = "Install a newer Atoll, or one that was packaged where Electron's release host can be reached.";

/** out/setup.json, see scripts/setup/index.mjs; a packaged application brings its Electron with it. */
const setupSchema = z.object({
  agent: z.string(),
  wantedElectron: z.string().optional(),
  electron: z.object({ executable: z.string(), version: z.string(), source: z.string() }).optional(),
});

/** @param outFolder of the build, which holds setup.json */
export async function doctor(outFolder: string): Promise<DoctorCheck[]> {
  const paths = resolvePaths();
  const settings = findSettings(paths);
  const checks = await Promise.all([
    hostChecks(),
    uplinkCheck(),
    memory(),
    disk("disk", "caches and templates", resolveCacheDir(), "Make room, or set ATOLL_CACHE to another disk."),
    disk("disk-vms", "the VMs' disks", paths.state, "Make room, or set ATOLL_HOME to another disk."),
    electron(outFolder),
    agent(outFolder),
    templates(recipesFolder(paths)),
    libvirt(),
    display(),
    sandbox(),
    filesCheck(paths, settings),
  ]);
  return [...checks, kiosks(settings), graphics(paths, await electronVersion(outFolder))].flat();
}

async function memory(): Promise<DoctorCheck> {
  const text = await fsp.readFile("/proc/meminfo", "utf8").catch(() => "");
  const availableMiB = Math.round(Number(/MemAvailable:\s+(\d+)/.exec(text)?.[1] ?? os.freemem() / 1024) / 1024);
  const isLow = availableMiB < LOW_MEMORY_MIB;
  return {
    id: "memory",
    status: isLow ? "warn" : "ok",
    detail: `${availableMiB} MiB available`,
    remedy: isLow ? "Close something, or stop a VM: each takes about half a gibibyte." : "",
  };
}

/** What VMs may take that wait until somebody asks for a kiosk, or opens a file. */
function kiosks({ settings: current }: SettingsFound): DoctorCheck {
  const limitMiB = kioskLimitMiB(current.kiosks);
  const detail =
    limitMiB === 0
      ? "no VM is kept ready for kiosks and files"
      : `VMs that are kept ready for kiosks and files have ${limitMiB} MiB together, at most`;
  return { id: "kiosks", status: "ok", detail: `${detail} (kiosks.memoryMiB in settings.yaml)`, remedy: "" };
}

async function disk(id: string, what: string, folder: string, remedy: string): Promise<DoctorCheck> {
  const existing = nearestExisting(folder);
  const stat = await fsp.statfs(existing);
  const freeMiB = Math.floor((stat.bavail * stat.bsize) / 1_048_576);
  const isLow = freeMiB < LOW_DISK_MIB;
  return {
    id,
    status: isLow ? "warn" : "ok",
    detail: `${freeMiB} MiB free for ${what} in ${folder}`,
    remedy: isLow ? remedy : "",
  };
}

function nearestExisting(folder: string): string {
  return fs.existsSync(folder) || folder === path.dirname(folder) ? folder : nearestExisting(path.dirname(folder));
}

/** Of the Electron that runs this, or would run the desktop; "": there is none yet. */
async function electronVersion(outFolder: string): Promise<string> {
  return process.versions["electron"] ?? (await setupResult(outFolder))?.electron?.version ?? "";
}

async function electron(outFolder: string): Promise<DoctorCheck> {
  const own = process.versions["electron"];
  const setup = await setupResult(outFolder);
  const known = setup?.electron;
  const version = own ?? known?.version;
  const warning = version === undefined ? null : electronWarning(version, setup?.wantedElectron);
  if (warning !== null) {
    const remedy = known === undefined ? NEWER_PACKAGE : NEWER_ELECTRON;
    return { id: "electron", status: "warn", detail: warning, remedy };
  }
  if (own !== undefined) return { id: "electron", status: "ok", detail: `Electron ${own}`, remedy: "" };
  const isThere = known !== undefined && fs.existsSync(known.executable);
  return {
    id: "electron",
    status: isThere ? "ok" : "fail",
    detail: isThere
      ? `Electron ${known.version} (${known.source}), ${known.executable}`
      : known === undefined
        ? "no Electron has been set up"
        : `${known.executable} is not there`,
    remedy: isThere ? "" : SET_UP,
  };
}

async function agent(outFolder: string): Promise<DoctorCheck> {
  const setup = await setupResult(outFolder);
  const folder = setup === null ? null : path.resolve(outFolder, "main", setup.agent);
  const missing = Object.keys(PROGRAMS).filter((name) => !fs.existsSync(path.join(folder ?? "", name)));
  const isThere = folder !== null && missing.length === 0;
  return {
    id: "agent",
    status: isThere ? "ok" : "fail",
    detail: isThere
      ? `the guests' programs are in ${folder}`
      : `the guests' programs are not built: ${missing.join(", ")}`,
    remedy: isThere ? "" : SET_UP,
  };
}

async function setupResult(outFolder: string): Promise<z.infer<typeof setupSchema> | null> {
  try {
    return setupSchema.parse(JSON.parse(await fsp.readFile(path.join(outFolder, "setup.json"), "utf8")));
  } catch {
    return null;
  }
}

async function templates(folder: string): Promise<DoctorCheck[]> {
  const { templates: all } = await templateViews(folder);
  return all.map(({ name, built }) => ({
    id: `template-${name}`,
    status: built ? "ok" : name === DEFAULT_TEMPLATE ? "fail" : "ok",
    detail: built ? `${name} is built` : `${name} is not built`,
    remedy: built ? "" : `atoll template build ${name}`,
  }));
}

async function libvirt(): Promise<DoctorCheck> {
  const version = await promisify(execFile)("libvirtd", ["--version"]).then(
    ({ stdout }) => /([0-9]+\.[0-9.]+)/.exec(stdout)?.[1] ?? "of an unknown version",
    () => null,
  );
  const detail = version === null ? "libvirt is not installed" : `libvirt ${version}`;
  return {
    id: "libvirt",
    status: "ok",
    detail: `${detail}; VMs run without it`,
    remedy: "",
  };
}

async function display(): Promise<DoctorCheck> {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland } = process.env;
  const socket = displaySocket();
  if (socket === null) {
    return {
      id: "display",
      status: "fail",
      detail: "neither WAYLAND_DISPLAY nor DISPLAY is set",
      remedy:
        "Start Atoll from a terminal of a graphical session; without a screen, with xvfb-run -a before the command",
    };
  }
  const isThere = socket === "" || (await canConnect(socket));
  return {
    id: "display",
    status: isThere ? "ok" : "fail",
    detail: `${wayland === undefined ? `DISPLAY=${x11 ?? ""}` : `WAYLAND_DISPLAY=${wayland}`}${isThere ? "" : ": no display answers there"}`,
    remedy: isThere ? "" : "Start the display, or set DISPLAY to one that runs.",
  };
}

/** Path of the display's socket; "" = it is reached by network, null = there is no display. */
function displaySocket(): string | null {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland, XDG_RUNTIME_DIR: runtime } = process.env;
  if (wayland) return path.resolve(runtime ?? "/", wayland);
  if (!x11) return null;
  const number = /^(?:unix)?:(\d+)/.exec(x11)?.[1];
  return number === undefined ? "" : `/tmp/.X11-unix/X${number}`;
}

function canConnect(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const attempt = net.connect(socket, () => {
      attempt.destroy();
      resolve(true);
    });
    attempt.once("error", () => resolve(false));
  });
}

/** What composites the desktop that runs, or would composite the next one. */
function graphics(paths: Paths, electron: string): DoctorCheck {
  const inUse = graphicsInUse(paths);
  const choice = choiceFor(paths, { electron });
  const { mode, reason } = inUse ?? choice;
  const where = mode === "gpu" ? "on the GPU" : "on the processor";
  // A person may have asked for it all the same.
  const isGivenUp = mode === "software" && (choice.mode === "gpu" || choice.isGivenUp);
  return {
    id: "graphics",
    status: isGivenUp ? "warn" : "ok",
    detail: `the desktop ${inUse === null ? "would be" : "is"} composited ${where}: ${reason}`,
    remedy: isGivenUp ? "Install the GPU's driver, or say `graphics: software` in settings.yaml." : "",
  };
}

/** Chromium's, which needs user namespaces; as root it refuses. */
async function sandbox(): Promise<DoctorCheck> {
  if (process.getuid?.() === 0) {
    return {
      id: "sandbox",
      status: "warn",
      detail: "as root the desktop runs without Chromium's sandbox",
      remedy: "Start Atoll as an ordinary user.",
    };
  }
  const failure = await promisify(execFile)("unshare", ["--user", "--map-root-user", "true"]).then(() => "", messageOf);
  return {
    id: "sandbox",
    status: failure === "" ? "ok" : "fail",
    detail: failure === "" ? "Chromium's sandbox is on" : `this user may make no user namespaces: ${failure.trim()}`,
    remedy: failure === "" ? "" : ALLOW_NAMESPACES,
  };
}
