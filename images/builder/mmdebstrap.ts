/** The command line of mmdebstrap, which does the work of a build. It uses the suite's default mirrors. */
import { entriesScript } from "./desktop-entries.ts";
import { customizeScript, imageScript, KERNEL_OUT } from "./hooks.ts";
import type { Recipe } from "./recipe.ts";

export interface MmdebstrapPlan {
  recipe: Recipe;
  /** root: as root. unshare: as an ordinary user, in a user namespace. */
  mode: "root" | "unshare";
  /** Debian packages of earlier builds; new ones are added. */
  packagesDir: string;
  /** Receives a folder `kernel`. */
  outDir: string;
}

/** The regular file that is open at IMAGE_FD (see hooks.ts) becomes the ext4 image. */
export function mmdebstrapArguments({ recipe, mode, packagesDir, outDir }: MmdebstrapPlan): string[] {
  const archives = "/var/cache/apt/archives";
  return [
    `--mode=${mode}`,
    "--variant=essential",
    "--format=null",
    "--architectures=amd64",
    "--verbose",
    `--include=${["usr-is-merged", ...recipe.packages].join(",")}`,
    // Without it, variant=essential takes usrmerge, which needs all of Perl.
    "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...recipe.excludes.map((pattern) => `--dpkgopt=path-exclude=${pattern}`),
    ...recipe.excludes.flatMap(keptFolders),
    ...recipe.includes.map((pattern) => `--dpkgopt=path-include=${pattern}`),
    // For the build alone, which starts anew when it fails; the image hook takes it out again.
    "--dpkgopt=force-unsafe-io",
    // Packages stay for the cache; the image hook cleans up (mmdebstrap's own cleanup comes after it).
    "--skip=essential/unlink,cleanup",
    `--setup-hook=mkdir -p "$1${archives}"`,
    `--setup-hook=sync-in ${quoted(packagesDir)} ${archives}`,
    `--customize-hook=${customizeScript(recipe)}`,
    `--customize-hook=${entriesScript(KERNEL_OUT)}`,
    `--customize-hook=sync-out ${archives} ${quoted(packagesDir)}`,
    `--customize-hook=copy-out ${KERNEL_OUT} ${quoted(outDir)}`,
    `--customize-hook=${imageScript(recipe)}`,
    recipe.suite,
    "-",
  ];
}

/**
 * Scripts of packages make links in folders whose content is left out (update-alternatives and its manual pages). dpkg keeps a
 * folder that an included path may lie in, so one is named that no package has.
 */
function keptFolders(pattern: string): string[] {
  const isPlainFolder = /^[^*?[]+\/\*$/.test(pattern);
  return isPlainFolder ? [`--dpkgopt=path-include=${pattern}/no-such-file`] : [];
}

/** mmdebstrap splits its special hooks like a shell does. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
