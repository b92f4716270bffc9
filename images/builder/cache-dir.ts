/** Where templates and other things that can be made again are kept. Shared by all instances of Atoll of a user. */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** `$ATOLL_CACHE`, else `$XDG_CACHE_HOME/atoll`, else `~/.cache/atoll`. The folder need not exist. */
export function resolveCacheDir(environment: NodeJS.ProcessEnv = process.env): string {
  const { ATOLL_CACHE: own, XDG_CACHE_HOME: xdg } = environment;
  if (own !== undefined && own !== "") return isAbsolute(own) ? own : join(process.cwd(), own);
  // The specification says to ignore a relative path.
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "atoll");
  return join(homedir(), ".cache", "atoll");
}

export interface CachePaths {
  /** One folder per built template, see template.ts. */
  templatesDir: string;
  /** Initrds, see initrd.ts. */
  bootDir: string;
  /** Debian packages, by suite. */
  packagesDir: string;
  /** Memory of guests that have come up, see main/hardware/qemu/snapshots.ts. */
  snapshotsDir: string;
  /** Results of trying KVM on this host, see main/hardware/qemu/probe.ts. */
  probesDir: string;
  /** The log of the last build, by template. */
  logsDir: string;
}

export function cachePaths(cacheDir: string): CachePaths {
  return {
    templatesDir: join(cacheDir, "templates"),
    bootDir: join(cacheDir, "boot"),
    packagesDir: join(cacheDir, "packages"),
    snapshotsDir: join(cacheDir, "snapshots"),
    probesDir: join(cacheDir, "probes"),
    logsDir: join(cacheDir, "logs"),
  };
}
