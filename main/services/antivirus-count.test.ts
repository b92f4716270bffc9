/** What the antivirus calls clean: its own count (services/antivirus/program/count.py), as its program runs it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tar } from "../files/testing/tar.ts";
import { zip } from "../files/testing/zip.ts";
import { runInProgram } from "./testing/python.ts";

const program = path.join(import.meta.dirname, "../../services/antivirus/program");
const run = promisify(execFile);
/** Of each file that is named to it: why not all of it can have been looked at, and whether it is counted at all. */
const COUNTER = `
import count, os, runpy, sys
for line in sys.stdin:
    file = line[:-1]
    sys.argv = ["count.py", file]
    child = os.fork()
    if child == 0:
        # As the antivirus runs it, with the limits of its own.
        runpy.run_path("count.py", run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    print(count.has_members(file), flush=True)
`;

let folder: string;
let counter: ChildProcess;
let answers: AsyncIterator<string>;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll count "));
  // One for all files: to start Python takes longer than to count.
  counter = spawn("python3", ["-c", COUNTER], {
    cwd: program,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  answers = readline.createInterface({ input: counter.stdout as Readable })[Symbol.asyncIterator]();
});
afterAll(() => {
  counter.kill();
  fs.rmSync(folder, { recursive: true });
});

/** [whether it is counted at all, why not all of it can have been looked at]. */
async function counted(content: Uint8Array): Promise<[boolean, string]> {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, content);
  counter.stdin?.write(`${file}\n`);
  const [why, hasMembers] = [await answers.next(), await answers.next()];
  if (why.done === true || hasMembers.done === true) throw new Error("count.py has ended");
  return [hasMembers.value === "True", why.value];
}

const MIB = 1024 * 1024;
const plain = Buffer.from("hello");
const BROKEN = "an archive in it is broken";

function nested(depth: number): Buffer {
  let archive: Buffer = plain;
  for (let at = 0; at < depth; at += 1) archive = zip("a", archive);
  return archive;
}

/** By Python's module of that name. */
async function packed(way: "bz2" | "lzma"): Promise<Buffer> {
  const script = `import sys, ${way}; sys.stdout.buffer.write(${way}.compress(b"hello"))`;
  return (await run("python3", ["-c", script], { encoding: "buffer" })).stdout;
}

/** With so many empty files in it. */
function many(files: number): Buffer {
  const entries = Array.from({ length: files }, (_, at) => tar(String(at), Buffer.alloc(0), { blocks: 0 }));
  return Buffer.concat([...entries, Buffer.alloc(1_024)]);
}

/** So many files of 60 MiB in it, packed. */
function large(files: number): Buffer {
  const member = gzipSync(Buffer.alloc(60 * MIB));
  return Buffer.concat(Array.from({ length: files }, (_, at) => tar(String(at), member, { blocks: 0 })));
}

/** Of its two kinds, up to the type of the first header. */
const RAR = Buffer.from("Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05", "latin1");
const OLD_RAR = Buffer.from("Rar!\x1a\x07\0\xcf\x90\x73\0\0", "latin1");
/** As a self-extracting archive begins. */
const selfExtracting = Buffer.concat([Buffer.from("MZ"), Buffer.alloc(300_000, 1)]);
const SOMETHING_FOLLOWS = "something follows an archive in it";
const UNLISTED = "there are files in it that its list does not name";

describe("all of it is looked at of", () => {
  it.each([
    ["a file that is no archive", plain, false],
    ["an empty file", Buffer.alloc(0), false],
    ["a zip archive", zip("a", plain), true],
    ["one behind something else", Buffer.concat([Buffer.alloc(5_000, 1), zip("a", plain)]), true],
    ["as many archives in archives as may be", nested(12), true],
    ["as many files in one as may be", many(4_999), true],
    ["as many bytes in one as may be", large(3), true],
    ["as large a file as may be", Buffer.alloc(64 * MIB), false],
    ["one in an archive", zip("a", Buffer.alloc(64 * MIB)), true],
    ["what is packed by gzip", gzipSync(plain), true],
    ["an archive that tar has made", tar("a", plain), true],
    ["one without its end", tar("a", plain, { blocks: 0 }), true],
    ["one with zip archives in it", tar("a", zip("a", plain), { blocks: 20 }), true],
    ["a zip archive with zeros behind it", Buffer.concat([zip("a", plain), Buffer.alloc(100)]), true],
    ["one in a self-extracting program", Buffer.concat([selfExtracting, zip("a", plain)]), true],
    ["a program", selfExtracting, false],
    [
      "one that knows RAR archives",
      Buffer.concat([selfExtracting, Buffer.from("Rar!\x1a\x07\x01\0Rar!\x1a\x07\0PK")]),
      false,
    ],
  ])("%s", async (_, content, hasMembers) => {
    expect(await counted(content)).toEqual([hasMembers, ""]);
  });
});

describe("not all of it is looked at of", () => {
  it.each([
    ["an encrypted file", zip("a", plain, { isEncrypted: true }), "a file in it is encrypted"],
    ["too many archives in archives", nested(13), "there are more than 12 archives in archives"],
    ["too many files in one", many(5_000), "there are more than 5000 files in it"],
    [
      "a zip archive with too many, which are not unpacked for that",
      withEntries(5_001),
      "there are more than 5000 files in it",
    ],
    ["too many bytes in all of one's files", large(4), "more than 192 MiB are in it"],
    ["one large file in it", zip("a", Buffer.alloc(64 * MIB + 1)), "a file in it has more than 64 MiB"],
    ["a bomb in an archive", zip("z", gzipSync(Buffer.alloc(64 * MIB + 1))), "a file in it has more than 64 MiB"],
    ["an archive that is cut", zip("a", plain).subarray(0, -10), BROKEN],
    ["an archive without its end", zip("a", plain).subarray(0, 40), BROKEN],
    ["gzip that is cut", gzipSync(plain).subarray(0, -9), BROKEN],
    ["an archive of an unknown way of packing", withMethod(zip("a", plain), 93), /packed in a way/],
    ["a 7z archive", Buffer.from("377abcaf271c0004", "hex"), "an archive of this kind (7z) cannot be counted"],
    ["a RAR archive in a zip", zip("a", Buffer.from("Rar!\x1a\x07\0", "latin1")), /\(RAR\) cannot be counted/],
    ["a zip archive behind one of tar", Buffer.concat([tar("a", plain), zip("a", plain)]), SOMETHING_FOLLOWS],
    ["a bad header in tar", Buffer.concat([tar("a", plain, { blocks: 0 }), Buffer.alloc(512, 1)]), SOMETHING_FOLLOWS],
    ["an archive of tar behind its end", Buffer.concat([tar("a", plain), tar("b", plain)]), SOMETHING_FOLLOWS],
    ["an archive in a file of an unknown type in tar", tar("a", RAR, { kind: "Z" }), /\(RAR\) cannot be counted/],
    ["gzip that is cut, in an old archive of tar", tar("a", gzipSync(plain).subarray(0, -9), { isOld: true }), BROKEN],
    ["two zip archives, one behind the other", Buffer.concat([zip("a", plain), zip("b", plain)]), UNLISTED],
    ["something behind a zip archive", Buffer.concat([zip("a", plain), plain]), SOMETHING_FOLLOWS],
    ["something behind gzip", Buffer.concat([gzipSync(plain), plain]), BROKEN],
    ["a RAR archive in a program", Buffer.concat([selfExtracting, RAR]), /\(RAR\) cannot be counted/],
    ["an old one", Buffer.concat([selfExtracting, OLD_RAR]), /\(RAR\) cannot be counted/],
    ["a 7z archive in a program", Buffer.concat([selfExtracting, Buffer.from("377abcaf271c0004", "hex")]), /\(7z\)/],
    ["a cabinet in a program", Buffer.concat([selfExtracting, Buffer.from("MSCF\0\0\0\0")]), /\(cabinet\)/],
  ])("%s", async (_, content, why) => {
    const [hasMembers, said] = await counted(content);
    expect(hasMembers).toBe(true);
    expect(said).toMatch(why);
  });
});

it.each(["bz2", "lzma"] as const)(
  "streams of %s are looked at one behind the other, and nothing else may follow them",
  async (way) => {
    const one = await packed(way);
    expect(await counted(Buffer.concat([one, Buffer.alloc(8), one]))).toEqual([true, ""]);
    expect(await counted(Buffer.concat([one, zip("a", plain)]))).toEqual([true, BROKEN]);
    expect(await counted(one.subarray(0, -6))).toEqual([true, BROKEN]);
  },
);

it("a file that is too large is not opened", async () => {
  expect(await counted(Buffer.alloc(64 * MIB + 1))).toEqual([false, "it has more than 64 MiB"]);
});

/** What the antivirus's program says of a file whose count does not end well. `limit`: a line of Python that changes one. */
async function uncounted(limit: string, content: Uint8Array = zip("a", Buffer.alloc(60 * MIB))): Promise<unknown> {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, content);
  return runInProgram("antivirus", ["import antivirus, limits", limit, "antivirus.uncounted(sys.argv[1])"], [file]);
}

describe("a file of which the count", () => {
  it("is over in time is clean", async () => expect(await uncounted("pass")).toBe(""));
  it("takes too long is not scanned", async () => {
    expect(await uncounted("limits.COUNT_S = 0.01")).toBe("what is in it could not be counted within 0.01 s");
  });
  it("crashes is not scanned", async () => {
    const crash = 'antivirus.COUNT = "import os; os.abort()"';
    expect(await uncounted(crash)).toBe("what is in it could not be counted");
  });
  it("of a large file is asked of the process that counts, even whether there is anything to count", async () => {
    // To see through one of 64 MiB that is full of what seems to begin an archive takes minutes in a slow VM.
    const seen = "antivirus.has_members = lambda path: False; limits.COUNT_S = 0.01";
    expect(await uncounted(seen, Buffer.alloc(MIB))).toBe("");
    expect(await uncounted(seen, Buffer.alloc(MIB + 1))).toBe("what is in it could not be counted within 0.01 s");
  });
  it("fails is not scanned", async () => {
    expect(await uncounted('antivirus.COUNT = "raise SystemExit(1)"')).toBe("what is in it could not be counted");
  });
});

/** An archive of the same empty file, so often. */
function withEntries(count: number): Buffer {
  const one = zip("a", Buffer.alloc(0));
  const list = one.indexOf("PK\x01\x02");
  const end = one.indexOf("PK\x05\x06");
  const all = Buffer.concat(Array.from({ length: count }, () => one.subarray(list, end)));
  const tail = Buffer.from(one.subarray(end));
  tail.writeUInt16LE(count, 8);
  tail.writeUInt16LE(count, 10);
  tail.writeUInt32LE(all.length, 12);
  return Buffer.concat([one.subarray(0, list), all, tail]);
}

/** The same archive with another number for the way in which its file is packed, in both places. */
function withMethod(archive: Buffer, method: number): Buffer {
  const other = Buffer.from(archive);
  other.writeUInt16LE(method, 8);
  other.writeUInt16LE(method, other.indexOf("PK\x01\x02") + 10);
  return other;
}
