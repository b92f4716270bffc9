/** What a build needs of the host: programs, and for ordinary users a range of subordinate ids. */
import { AppError } from "#shared/model/app-error.ts";
import { access, constants, readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";

/** Program -> Debian package. */
const TOOLS: Readonly<Record<string, string>> = {
  mmdebstrap: "mmdebstrap",
  "apt-get": "apt",
  "dpkg-deb": "dpkg",
  mke2fs: "e2fsprogs",
  xz: "xz-utils",
  zstd: "zstd",
  flock: "util-linux",
  setpriv: "util-linux",
  unshare: "util-linux",
};
const ROOTLESS_TOOLS: Readonly<Record<string, string>> = { newuidmap: "uidmap", newgidmap: "uidmap" };

export const isRoot = (): boolean => process.getuid?.() === 0;

/** @throws AppError template.missing-tool, with the packages to install or the ids to grant */
export async function checkHostTools(): Promise<void> {
  const needed = Object.entries(isRoot() ? TOOLS : { ...TOOLS, ...ROOTLESS_TOOLS });
  const found = await Promise.all(needed.map(([tool]) => isOnPath(tool)));
  const missing = needed.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const tools = missing.map(([tool]) => tool);
    const packages = [...new Set(missing.map(([, debianPackage]) => debianPackage))];
    const remedy = `apt install ${packages.join(" ")}`;
    throw new AppError("template.missing-tool", `Building a template needs ${tools.join(", ")}: ${remedy}`, {
      tools,
      packages,
      remedy,
    });
  }
  if (!isRoot()) await checkSubordinateIds();
}

async function checkSubordinateIds(): Promise<void> {
  const { username, uid } = userInfo();
  const hasRange = async (path: string): Promise<boolean> => {
    const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
    return lines.some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`));
  };
  if ((await hasRange("/etc/subuid")) && (await hasRange("/etc/subgid"))) return;
  const remedy = `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`;
  throw new AppError(
    "template.missing-tool",
    `Building a template without root needs subordinate ids for ${username}; as root: ${remedy}`,
    {
      tools: ["subuid"],
      packages: [],
      remedy,
    },
  );
}

/** The folders of system programs count even where a user's PATH lacks them. */
async function isOnPath(tool: string): Promise<boolean> {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"].filter((folder) => folder !== "");
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, tool), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
