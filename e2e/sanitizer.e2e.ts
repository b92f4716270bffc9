/**
 * Safe copies on real VMs: a PDF with text, a script and a link, and an image, become PDFs of pictures in the VM that has them; what
 * is no document makes none. The renderer has no network, and each document a VM of its own.
 */
import { inflateSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import type { ServiceView } from "#shared/model/service.ts";
import { TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";

interface Safe {
  vm: string;
  decision: string;
  safe: { path: string; pages: number; bytes: number };
}

/** A renderer boots and renders, both emulated. */
const RENDERS = 600_000;

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) =>
    writePolicy(home, [{ action: "file.open", from: "@any", to: "@disposable", decision: "allow" }]),
  );
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await desktop.close();
});

/** Two pages: one inch square, half of it red, and two by one inches, blue; with text, a script and a link. */
function harmfulPdf(): Buffer {
  const stream = (text: string): string => `<</Length ${text.length}>>\nstream\n${text}\nendstream`;
  const objects = [
    "<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>",
    "<</Type/Pages/Count 2/Kids[3 0 R 5 0 R]>>",
    `<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 4 0 R/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 72 72]
     /A<</S/URI/URI(https://example.org/secret-link)>>>>]/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>`,
    stream("1 0 0 rg 0 0 72 36 re f BT 0 g /F 10 Tf 5 50 Td (secret words) Tj ET"),
    "<</Type/Page/Parent 2 0 R/MediaBox[0 0 144 72]/Contents 6 0 R/Resources<<>>>>",
    stream("0 0 1 rg 0 0 144 72 re f"),
  ];
  let pdf = "%PDF-1.4\n";
  const places = objects.map((object, at) => {
    const place = pdf.length;
    pdf += `${at + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = places.map((place) => `${String(place).padStart(10, "0")} 00000 n \n`).join("");
  const size = objects.length + 1;
  return Buffer.from(
    `${pdf}xref\n0 ${size}\n0000000000 65535 f \n${table}trailer\n<</Size ${size}/Root 1 0 R>>\nstartxref\n${pdf.length}\n%%EOF\n`,
  );
}

/** One that wants a password: no key fits what it says of its own. */
function lockedPdf(): Buffer {
  const [none, id] = ["00".repeat(32), "00".repeat(16)];
  const lock = `/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<${none}>/U<${none}>>>/ID[<${id}><${id}>]`;
  return Buffer.from(harmfulPdf().toString("latin1").replace("/Root", `${lock}/Root`), "latin1");
}

/** An image of several pages, each [width, height, grey]. */
function tiff(...pages: readonly [number, number, number][]): Buffer {
  const parts = [Buffer.from("49492a0008000000", "hex")];
  let at = 8;
  for (const [number, [width, height, grey]] of pages.entries()) {
    const fields = [
      ...[
        [256, width],
        [257, height],
        [258, 8],
        [259, 1],
        [262, 1],
        [273, at + 2 + 9 * 12 + 4],
      ],
      ...[
        [277, 1],
        [278, height],
        [279, width * height],
      ],
    ] as [number, number][];
    const directory = Buffer.alloc(2 + fields.length * 12 + 4);
    directory.writeUInt16LE(fields.length);
    for (const [index, [tag, value]] of fields.entries()) {
      const place = directory.writeUInt16LE(tag, 2 + index * 12);
      // One number of four bytes.
      directory.writeUInt32LE(value, directory.writeUInt32LE(1, directory.writeUInt16LE(4, place)));
    }
    at += directory.length + width * height;
    directory.writeUInt32LE(number + 1 < pages.length ? at : 0, directory.length - 4);
    parts.push(directory, Buffer.alloc(width * height, grey));
  }
  return Buffer.concat(parts);
}

async function put(name: string, content: Uint8Array): Promise<void> {
  expect(await desktop.pipe(content, "exec", "home", "--", "sh", "-c", `cat > ${name}`)).toMatchObject({ code: 0 });
}

/** The content of a file of home. */
async function get(name: string): Promise<Buffer> {
  const { code, stdout } = await desktop.atoll("exec", "home", "--", "base64", name);
  expect(code).toBe(0);
  return Buffer.from(stdout, "base64");
}

interface Picture {
  width: number;
  height: number;
  /** At these shares of its width and height. */
  at: (x: number, y: number) => number[];
}

/** All that a safe copy has, told by what agents/pages writes; anything else fails. */
function picturesOf(pdf: Buffer): Picture[] {
  const text = pdf.toString("latin1");
  const pictures: Picture[] = [];
  for (const found of text.matchAll(
    /<<\/Type\/XObject\/Subtype\/Image\/Width (\d+)\/Height (\d+)\/ColorSpace\/DeviceRGB[^>]*>>\nstream\n/g,
  )) {
    const [width, height] = [Number(found[1]), Number(found[2])];
    const pixels = inflateSync(pdf.subarray(found.index + found[0].length));
    expect(pixels.length).toBe(width * height * 3);
    const at = (x: number, y: number): number[] => {
      const first = (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
      return [...pixels.subarray(first, first + 3)];
    };
    pictures.push({ width, height, at });
  }
  const rest = text.replaceAll(/\nstream\n.*?\nendstream\n/gs, "");
  for (const word of ["/JS", "/JavaScript", "/OpenAction", "/Annot", "/URI", "/Font", "/Names", "secret"])
    expect(rest).not.toContain(word);
  return pictures;
}

const open = (...words: string[]): Promise<Safe> =>
  desktop.json<Safe>("open", "--sanitized", "--from", "home", ...words);

async function sanitizer(): Promise<ServiceView | undefined> {
  return (await desktop.json<ServiceView[]>("service", "list")).find(({ name }) => name === "sanitizer");
}

test("a PDF comes back as pictures of its pages, and nothing else of it", async () => {
  test.setTimeout(RENDERS);
  await put("report.pdf", harmfulPdf());
  const opened = await open("report.pdf");
  expect(opened).toMatchObject({
    vm: "home",
    decision: "safe",
    safe: { path: "/home/user/report-safe.pdf", pages: 2 },
  });
  const copy = await get("report-safe.pdf");
  expect(copy.length).toBe(opened.safe.bytes);
  const [first, second] = picturesOf(copy);
  expect([first?.width, first?.height, second?.width, second?.height]).toEqual([150, 150, 300, 150]);
  expect([first?.at(0.5, 0.8), first?.at(0.95, 0.05), second?.at(0.5, 0.5)]).toEqual([
    [255, 0, 0],
    [255, 255, 255],
    [0, 0, 255],
  ]);
  // The document is as it was, and its VM is gone.
  expect(await get("report.pdf")).toEqual(harmfulPdf());
  expect(await sanitizer()).toMatchObject({ state: "stopped" });
});

test("an image does, too, beside a copy that is there; what is no document makes none", async () => {
  test.setTimeout(2 * RENDERS);
  const image = new PNG({ width: 30, height: 20 });
  for (let at = 0; at < image.data.length; at += 4) image.data.set([0, 128, 0, 255], at);
  await put("report", PNG.sync.write(image));
  const { safe } = await open("report");
  expect(safe).toMatchObject({ path: "/home/user/report-safe (2).pdf", pages: 1 });
  const [only] = picturesOf(await get("report-safe (2).pdf"));
  expect([only?.width, only?.height, only?.at(0.5, 0.5)]).toEqual([30, 20, [0, 128, 0]]);
  await put("notes.txt", Buffer.from("no document"));
  const refused = await desktop.atoll("open", "--json", "--sanitized", "--from", "home", "notes.txt");
  expect(JSON.parse(refused.stderr)).toMatchObject({
    error: {
      code: "open.no-safe-copy",
      details: { reason: expect.stringContaining("of a kind that can be rendered") },
    },
  });
  expect((await desktop.atoll("exec", "home", "--", "ls")).stdout).not.toContain("notes-safe");
});

test("each page of an image is one of its copy, and a document with a password says so", async () => {
  test.setTimeout(2 * RENDERS);
  await put("scan.tif", tiff([10, 6, 40], [4, 8, 200]));
  expect((await open("scan.tif")).safe).toMatchObject({ pages: 2 });
  const [first, second] = picturesOf(await get("scan-safe.pdf"));
  expect([first?.width, first?.height, first?.at(0.5, 0.5)]).toEqual([10, 6, [40, 40, 40]]);
  expect([second?.width, second?.height, second?.at(0.5, 0.5)]).toEqual([4, 8, [200, 200, 200]]);
  await put("locked.pdf", lockedPdf());
  const refused = await desktop.atoll("open", "--sanitized", "--from", "home", "locked.pdf");
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("it opens with a password alone")]);
});

test("a renderer that lies makes no file", async () => {
  const lies = [
    ["\\000\\001\\000\\000\\000\\005", "0 by 5 pixels"],
    ["\\000\\001\\000\\002\\000\\001abc", "not all of its pages"],
    ["\\000\\001\\000\\001\\000\\001abcd", "more came than its pages"],
    ["\\377\\377", "65535 pages"],
  ] as const;
  const name = Buffer.from("lie.pdf").toString("hex");
  for (const [stream, reason] of lies) {
    const script = `printf '${stream}' | atoll-pages ${name}`;
    const { code, stderr } = await desktop.atoll("exec", "home", "--", "sh", "-c", script);
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
  }
  // One without an end is read no further.
  const endless = "cat /dev/zero | (printf '\\000\\001\\000\\001\\000\\001abc'; cat) | atoll-pages " + name;
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", endless)).stderr).toContain("more came than its pages");
  expect((await desktop.atoll("exec", "home", "--", "ls", "-A")).stdout).not.toContain("lie");
});
