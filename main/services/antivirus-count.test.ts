/** What the antivirus calls clean: its own count (services/antivirus/program/count.py), as its program runs it. */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zip } from "../files/testing/zip.ts";

const program = path.join(import.meta.dirname, "../../services/antivirus/program");
const run = promisify(execFile);
let folder: string;
beforeAll(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll count "))));
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** [whether it is counted at all, why not all of it can have been looked at]. */
async function counted(content: Uint8Array): Promise<[boolean, string]> {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, content);
  const script = "import count, sys; print(count.has_members(sys.argv[1]))";
  const options = { cwd: program, env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" } };
  const members = await run("python3", ["-c", script, file], options);
  const why = await run("python3", [path.join(program, "count.py"), file], options);
  return [members.stdout.trim() === "True", why.stdout.trim()];
}

const plain = Buffer.from("hello");
const BROKEN = "an archive in it is broken";

function nested(depth: number): Buffer {
  let archive: Buffer = plain;
  for (let at = 0; at < depth; at += 1) archive = zip("a", archive);
  return archive;
}

describe("all of it is looked at of", () => {
  it.each([
    ["a file that is no archive", plain, false],
    ["an empty file", Buffer.alloc(0), false],
    ["a zip archive", zip("a", plain), true],
    ["one behind something else", Buffer.concat([Buffer.alloc(5_000, 1), zip("a", plain)]), true],
    ["archives in archives", nested(10), true],
    ["what is packed by gzip", gzipSync(plain), true],
  ])("%s", async (_, content, hasMembers) => {
    expect(await counted(content)).toEqual([hasMembers, ""]);
  });
});

describe("not all of it is looked at of", () => {
  it.each([
    ["an encrypted file", zip("a", plain, { isEncrypted: true }), "a file in it is encrypted"],
    ["too many archives in archives", nested(14), "there are more than 12 archives in archives"],
    ["one large file in it", zip("a", Buffer.alloc(65 * 1024 * 1024)), "a file in it has more than 64 MiB"],
    ["a bomb in an archive", zip("z", gzipSync(Buffer.alloc(65 * 1024 * 1024))), "a file in it has more than 64 MiB"],
    ["an archive that is cut", zip("a", plain).subarray(0, -10), BROKEN],
    ["an archive without its end", zip("a", plain).subarray(0, 40), BROKEN],
    ["gzip that is cut", gzipSync(plain).subarray(0, -9), BROKEN],
    ["an archive of an unknown way of packing", withMethod(zip("a", plain), 93), /packed in a way/],
    ["a 7z archive", Buffer.from("377abcaf271c0004", "hex"), "an archive of this kind (7z) cannot be counted"],
    ["a RAR archive in a zip", zip("a", Buffer.from("Rar!\x1a\x07\0", "latin1")), /\(RAR\) cannot be counted/],
  ])("%s", async (_, content, why) => {
    const [hasMembers, said] = await counted(content);
    expect(hasMembers).toBe(true);
    expect(said).toMatch(why);
  });
});

/** The same archive with another number for the way in which its file is packed, in both places. */
function withMethod(archive: Buffer, method: number): Buffer {
  const other = Buffer.from(archive);
  other.writeUInt16LE(method, 8);
  other.writeUInt16LE(method, other.indexOf("PK\x01\x02") + 10);
  return other;
}
