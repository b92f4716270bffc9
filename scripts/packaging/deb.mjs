// The Debian package, made of the packed folder and of the files in packaging/. dpkg-deb does the work: electron-builder's
// own target for it fetches tools from outside of the package registries.
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { forUsing } from "../setup/packages.mjs";
import { readText } from "../setup/files.mjs";
import { checkout, local } from "../setup/paths.mjs";
import { run } from "../setup/process.mjs";
import { packedFolder } from "./folder.mjs";

const packaging = join(checkout, "packaging");

/**
 * What dpkg and apt are told. @see deb-control(5)
 *
 * @param {{ version: string, installedKiB: number }} about
 */
export function controlFile({ version, installedKiB }) {
  return `Package: atoll
Version: ${version}
Architecture: amd64
Maintainer: The Atoll authors <atoll@localhost>
Section: otherosfs
Priority: optional
Installed-Size: ${installedKiB}
Depends: ${dependencies.join(", ")}
Recommends: xdg-utils
Description: windows of many virtual machines as one desktop
 Atoll shows the windows of many virtual machines as one desktop. Each virtual
 machine keeps to itself; there is one window manager, and every window carries
 the colour, shape and name of the virtual machine that it belongs to.
`;
}

/** As "Depends" has them: of several names of one package any will do. */
export const dependencies = forUsing.map(({ names }) => names.join(" | "));

/**
 * @param {AbortSignal} signal
 * @returns {Promise<string>} path of the package
 */
export async function buildDeb(signal) {
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readText(join(checkout, "package.json")) ?? "");
  const root = join(local, "deb");
  rmSync(root, { recursive: true, force: true });
  await layOut(root, version, signal);
  const installedKiB = Math.ceil(sizeOf(root) / 1024);
  mkdirSync(join(root, "DEBIAN"));
  writeFileSync(join(root, "DEBIAN/control"), controlFile({ version, installedKiB }));
  for (const script of ["postinst", "postrm"]) cpSync(join(packaging, "debian", script), join(root, "DEBIAN", script));
  // Whatever umask made them.
  await run("chmod", ["-R", "u=rwX,go=rX", root], { signal });
  const file = join(checkout, `dist/atoll_${version}_amd64.deb`);
  // zstd: xz takes minutes for a tenth less.
  await run("dpkg-deb", ["--root-owner-group", "-Zzstd", "--build", root, file], { signal });
  rmSync(root, { recursive: true });
  return file;
}

/**
 * The files as they are installed.
 *
 * @param {string} root
 * @param {string} version
 * @param {AbortSignal} signal
 */
async function layOut(root, version, signal) {
  const at = (/** @type {string} */ path) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  const copy = (/** @type {string} */ from, /** @type {string} */ to) => cpSync(join(packaging, from), at(to));

  cpSync(packedFolder, at("usr/lib/atoll"), { recursive: true, verbatimSymlinks: true });
  symlinkSync("../lib/atoll/atoll", at("usr/bin/atoll"));
  copy("atoll.desktop", "usr/share/applications/atoll.desktop");
  copy("org.atoll.Atoll.metainfo.xml", "usr/share/metainfo/org.atoll.Atoll.metainfo.xml");
  copy("atoll.apparmor", "usr/share/atoll/apparmor");
  copy("atoll.svg", "usr/share/icons/hicolor/scalable/apps/atoll.svg");
  for (const size of [48, 128, 256])
    copy(`atoll-${size}.png`, `usr/share/icons/hicolor/${size}x${size}/apps/atoll.png`);
  copy("copyright", "usr/share/doc/atoll/copyright");
  const cli = (/** @type {string[]} */ ...words) =>
    run(process.execPath, [join(checkout, "out/main/cli.js"), ...words], { signal, quiet: true });
  writeFileSync(at("usr/share/bash-completion/completions/atoll"), await cli("write-docs", "bash-completion", version));
  writeFileSync(at("usr/share/man/man1/atoll.1.gz"), gzipSync(await cli("write-docs", "man-page", version)));
  chmodSync(join(root, "usr/lib/atoll/atoll"), 0o755);
}

/**
 * @param {string} folder
 * @returns {number} bytes of its files
 */
function sizeOf(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
