/** What the renderer of documents writes and refuses (services/sanitizer/program/pages.py), with scripts in place of poppler. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refusalOf } from "../safe-copies/renderer.ts";
import { zip } from "../files/testing/zip.ts";
import { hasPython, runInProgram } from "./testing/python.ts";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll pages "))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const PDF = "%PDF-1.4\n";
const BROKEN = "it is broken, or not what it seems to be";
const LOCKED = "it opens with a password alone";

/** A program that the renderer calls. */
function program(name: string, script: string): void {
  fs.mkdirSync(path.join(folder, "bin"), { recursive: true });
  fs.writeFileSync(path.join(folder, "bin", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Why there are no pages, or null; and what was written. `before`: lines of Python that change a limit. */
async function rendered(content: string | Uint8Array, ...before: string[]): Promise<[string | null, Buffer]> {
  const file = path.join(folder, "document");
  fs.writeFileSync(file, content);
  const [code, hex] = (await runInProgram(
    "sanitizer",
    [
      "import io, os",
      "os.environ['PATH'] = sys.argv[1] + os.pathsep + os.environ['PATH']",
      "import pages",
      ...before,
      "out = io.BytesIO()",
      "def code():",
      "    try:",
      "        pages.write(sys.argv[2], out)",
      "    except pages.Refused as refused:",
      "        return refused.code",
      "    return 0",
      "[code(), out.getvalue().hex()]",
    ],
    [path.join(folder, "bin"), file],
  )) as [number, string];
  return [refusalOf({ code, signal: 0 }), Buffer.from(hex, "hex")];
}

/** Of a picture, as poppler writes it. */
function ppm(width: number, height: number, ...bytes: number[]): string {
  return `printf 'P6\\n${width} ${height}\\n255\\n${bytes.map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("")}'`;
}

/** A document of these pages, in points. */
function says(...sizes: readonly [width: number, height: number, turned?: number][]): void {
  const lines = sizes.flatMap(([width, height, turned = 0], at) => [
    `echo "Page ${String(at + 1).padStart(4)} size:  ${width} x ${height} pts"`,
    `echo "Page ${String(at + 1).padStart(4)} rot:   ${turned}"`,
  ]);
  program("pdfinfo", lines.join("\n"));
}

/** The resolution that the renderer asks for. */
async function resolution(): Promise<number> {
  program("pdftoppm", `echo "$2" > '${folder}/asked'; ${ppm(1, 1, 1, 2, 3)}`);
  await rendered(PDF);
  return Number(fs.readFileSync(path.join(folder, "asked"), "utf8"));
}

describe.runIf(hasPython)("a PDF", () => {
  it("comes as the number of its pages, and of each its size and pixels", async () => {
    says([72, 72], [72, 72]);
    program("pdftoppm", `${ppm(2, 1, 1, 2, 3, 4, 5, 6)}; ${ppm(1, 1, 7, 8, 9)}`);
    const [refusal, written] = await rendered(PDF);
    expect(refusal).toBeNull();
    expect([...written]).toEqual([...[0, 2], ...[0, 2, 0, 1, 1, 2, 3, 4, 5, 6], ...[0, 1, 0, 1, 7, 8, 9]]);
  });

  it("has fewer pixels where a page is large, also one that lies on its side", async () => {
    says([72, 72]);
    expect(await resolution()).toBe(150);
    says([72, 72], [720_000, 72]);
    expect(await resolution()).toBeCloseTo(9_999 / 10_000);
    says([72, 720_000, 90]);
    expect(await resolution()).toBeCloseTo(9_999 / 10_000);
    says([3_600, 3_600]);
    expect(await resolution()).toBeCloseTo(Math.sqrt(24_000_000 / 2_500));
    says([0, 0]);
    expect(await resolution()).toBe(150);
  });

  it("is refused where it has a password, too many pages, or none", async () => {
    program("pdfinfo", 'echo "Command Line Error: Incorrect password" >&2; exit 1');
    expect(await rendered(PDF)).toEqual([LOCKED, Buffer.alloc(0)]);
    program("pdfinfo", 'echo "Syntax Error: no trailer" >&2; exit 1');
    expect(await rendered(PDF)).toEqual([BROKEN, Buffer.alloc(0)]);
    program("pdfinfo", 'echo "Pages: 0"');
    expect(await rendered(PDF)).toEqual([BROKEN, Buffer.alloc(0)]);
    program("pdfinfo", 'for at in $(seq 1 2001); do echo "Page $at size: 1 x 1 pts"; done');
    expect(await rendered(PDF)).toEqual(["it has too many pages", Buffer.alloc(0)]);
  });

  it("is refused where looking at it does not end", async () => {
    program("pdfinfo", "exec sleep 60");
    expect((await rendered(PDF, "pages.WHOLE_S = 0.2"))[0]).toBe("it took too long to render");
  });

  it.each([
    ["stops in a page", ppm(2, 2, 1, 2, 3)],
    ["stops before a page", ppm(1, 1, 1, 2, 3)],
    ["is none", "echo P5"],
    ["is nothing", "exit 1"],
  ])("is refused where what is rendered of it %s", async (_, script) => {
    says([72, 72], [72, 72]);
    program("pdftoppm", script);
    expect((await rendered(PDF))[0]).toBe(BROKEN);
  });
});

describe.runIf(hasPython)("an office document", () => {
  const COMPOUND = Buffer.from("d0cf11e0a1b11ae1", "hex");
  const RTF = "{\\rtf1 hello}";
  const converts = (made: string): void => {
    program("soffice", `for last; do :; done; [ "$2" = --convert-to ] || exit 9; ${made}`);
    says([72, 72]);
    program("pdftoppm", ppm(1, 1, 7, 8, 9));
  };

  it("is refused where there is no LibreOffice, also a packed one", async () => {
    const no = "it is an office document, and LibreOffice is not in the service's image";
    for (const content of [RTF, COMPOUND, zip("[Content_Types].xml", Buffer.from("x"))])
      expect((await rendered(content, "pages.OFFICE = None"))[0]).toBe(no);
  });

  it("is made a PDF, whose pages come", async () => {
    converts('echo x > "$5/document.pdf"');
    expect(await rendered(RTF)).toEqual([null, Buffer.from([0, 1, 0, 1, 0, 1, 7, 8, 9])]);
  });

  it.each([
    ["no PDF", "true"],
    ["two", 'echo x > "$5/a.pdf"; echo x > "$5/b.pdf"'],
    ["a failure", 'echo x > "$5/document.pdf"; exit 1'],
  ])("is broken where %s comes of it", async (_, made) => {
    converts(made);
    expect((await rendered(RTF))[0]).toBe(BROKEN);
  });

  it("is refused where it has a password, and is not given to LibreOffice", async () => {
    converts(`touch '${folder}/asked'`);
    const locked = Buffer.concat([COMPOUND, Buffer.alloc(2_000), Buffer.from("EncryptedPackage", "utf16le")]);
    const list = Buffer.from('<manifest:file-entry><manifest:encryption-data manifest:checksum=""/>');
    for (const content of [locked, zip("META-INF/manifest.xml", list)])
      expect((await rendered(content))[0]).toBe(LOCKED);
    expect(fs.existsSync(path.join(folder, "asked"))).toBe(false);
  });

  it("is not what another archive is, or a broken one", async () => {
    converts(`touch '${folder}/asked'`);
    expect((await rendered(zip("a.txt", Buffer.from("x"))))[0]).toMatch(/^it is no document of a kind/);
    expect((await rendered(zip("a.txt", Buffer.from("x")).subarray(0, 40)))[0]).toBe(BROKEN);
    expect(fs.existsSync(path.join(folder, "asked"))).toBe(false);
  });
});
