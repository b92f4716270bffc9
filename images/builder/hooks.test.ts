/** The hooks as a whole are run by the set-up of every end-to-end test; here what they must never do. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { customizeScript, fileCommands } from "./hooks.ts";
import { recipeNamed } from "./recipes.ts";

let folder: string;
let root: string;
let outside: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-hooks-"));
  root = path.join(folder, "root");
  outside = path.join(folder, "outside");
  for (const name of ["root/usr", "root/run", "root/var", "outside"])
    fs.mkdirSync(path.join(folder, name), { recursive: true });
  for (const name of ["bin", "lib", "lib64"]) fs.symlinkSync(`usr/${name}`, path.join(root, name));
  fs.symlinkSync("/run", path.join(root, "var/run"));
  fs.symlinkSync(outside, path.join(root, "escape"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** As mmdebstrap runs a hook, with this machine's programs in the new root. */
function write(file: string, content = "a\n'b' $c"): void {
  const script = `set -e; root=$1; mount --rbind /usr "$root/usr"; ${fileCommands({ path: file, content, mode: "0640" })}`;
  execFileSync("unshare", ["--map-root-user", "--mount", "/bin/sh", "-c", script, "sh", root], { stdio: "pipe" });
}

it("a file of a recipe gets its content and its mode", () => {
  write("/etc/app/settings.conf");
  const file = path.join(root, "etc/app/settings.conf");
  expect(fs.readFileSync(file, "utf8")).toBe("a\n'b' $c");
  expect(fs.statSync(file).mode & 0o777).toBe(0o640);
});

it("a link of the new root leads to its own folder, not to the host's", () => {
  write("/var/run/systemd/system/mine.service");
  expect(fs.existsSync(path.join(root, "run/systemd/system/mine.service"))).toBe(true);
  expect(fs.existsSync("/run/systemd/system/mine.service")).toBe(false);
});

it("a link that leads nowhere in the new root ends the build, and nothing is written to the host", () => {
  expect(() => write("/escape/file")).toThrow(/escape/);
  expect(fs.readdirSync(outside)).toEqual([]);
});

it("no apt or dpkg of the host runs once a recipe's file is there", () => {
  const recipe = { ...recipeNamed("debian", null), files: [{ path: "/etc/mine", content: "mine", mode: "0644" }] };
  const script = customizeScript(recipe);
  const written = script.indexOf(fileCommands(recipe.files[0] ?? expect.unreachable("no file")));
  expect(script.slice(0, written)).toMatch(/apt-cache[^]*apt-get[^]*dpkg-deb[^]*dpkg-query/);
  expect(script.slice(written)).toContain("chown -R 1000:1000");
  expect(script.slice(written)).not.toMatch(/\b(apt|dpkg)/);
});
