/** Files of every kind and name, opened by the command and in a guest's file manager: too many for `npm test`. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import { TestDesktop } from "./support/desktop.ts";

const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: file.open, from: "@host", to: "@any", decision: allow}
tests: []
`;
/** Texts of this machine go where LibreOffice is. */
const OPEN_RULES = `rules:
  - {type: document, from: "@host", in: office}
  - {type: "@any", from: "@any", in: here}
`;
/** As docs/cli.md has it. */
const OFFICE_RECIPE = `name: work
description: debian with an office suite
from: debian
packages: [libreoffice-writer]
diskMiB: 8192
memoryMiB: 1024
`;
/** A viewer that is quick: a terminal, after it has noted what it was given. */
const SHOW = `#!/bin/sh
echo "$1" >> ~/shown
exec foot --app-id=show --title="$1" cat
`;
const ENTRY = `[Desktop Entry]
Type=Application
Name=Show
Exec=/home/user/show %u
`;
const SHOWN_TYPES = ["text/plain", "text/html", "application/x-shellscript", "application/octet-stream"];
/** Of one page without words. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
`;
/** The first two have programs of the template's. */
const KINDS: readonly (readonly [name: string, content: string | Buffer])[] = [
  ["page.pdf", PDF],
  ["dot.png", PNG.sync.write(new PNG({ width: 32, height: 32 }))],
  ["page.html", "<!doctype html><title>x</title><p>hello"],
  ["run.sh", "#!/bin/sh\ntouch ~/was-run\n"],
  ["-rf", "a dash"],
  ["שלום.txt", "right to left"],
  ["🐚 shell 👩‍👩‍👧.txt", "emoji"],
  [`${"n".repeat(251)}.txt`, "255 bytes"],
  [`${"é".repeat(125)}x.txt`, "255 bytes, too"],
  ["empty.txt", ""],
  ["empty", ""],
  ["typeless", Buffer.from([0, 1, 2, 255, 254])],
];
const ODT_TYPE = "application/vnd.oasis.opendocument.text";
/** Of one line. Its type is told by the first file in it. */
const ODT = zipOf({
  mimetype: ODT_TYPE,
  "content.xml": `<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
  xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2">
<office:body><office:text><text:p>Dear all,</text:p></office:text></office:body></office:document-content>`,
  "META-INF/manifest.xml": `<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="${ODT_TYPE}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>`,
});
/** What cannot be a name elsewhere. */
const REFUSED = ["line\nfeed.txt", "gpj.\u{202e}exe"];

/** An archive of files that are not compressed. */
function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    // From the version that is needed to the length of what is extra, alike in both places; 1 January 1980.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const at = Buffer.alloc(14);
    at.writeUInt32LE(Buffer.concat(locals).length, 10);
    entries.push(Buffer.concat([Buffer.from("PK\u0001\u0002\u0014\u0000"), common, at, Buffer.from(name)]));
    locals.push(Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), content);
  }
  const [body, directory] = [Buffer.concat(locals), Buffer.concat(entries)];
  const end = Buffer.alloc(18);
  for (const place of [4, 6]) end.writeUInt16LE(entries.length, place);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(body.length, 12);
  return Buffer.concat([body, directory, Buffer.from("PK\u0005\u0006"), end]);
}

let desktop: TestDesktop;
/** Of the host's files. */
let folder: string;

test.beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll kinds "));
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) => {
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
    fs.writeFileSync(path.join(home, "config/open.yaml"), OPEN_RULES);
    fs.mkdirSync(path.join(home, "config/templates"));
    fs.writeFileSync(path.join(home, "config/templates/work.yaml"), OFFICE_RECIPE);
  });
  await desktop.isRunning("home");
  const types = (kinds: readonly string[]): string => kinds.map((kind) => `${kind}=show.desktop\n`).join("");
  for (const [file, text] of [
    ["show", SHOW],
    [".local/share/applications/show.desktop", `${ENTRY}MimeType=${SHOWN_TYPES.join(";")};\n`],
    [".config/mimeapps.list", `[Default Applications]\n${types(SHOWN_TYPES)}`],
    [".config/pcmanfm/default/pcmanfm.conf", "[ui]\nview_mode=list\n"],
  ] as const)
    await put(file, Buffer.from(text));
  await sh("chmod +x show && mkdir kinds");
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** What a shell of the guest prints. */
async function sh(script: string): Promise<string> {
  const { code, stdout, stderr } = await desktop.atoll("exec", "home", "--", "sh", "-c", script);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

/** Writes a file of the guest. Its name goes by the input, as its content does: neither is anything to the shell. */
async function put(name: string, content: Buffer): Promise<void> {
  const input = Buffer.concat([Buffer.from(`${Buffer.byteLength(name)}\n${name}`), content]);
  const script =
    'read -r count; name=$(head -c "$count"; echo x); name=${name%x}; mkdir -p "$(dirname -- "./$name")"; cat > "./$name"';
  expect((await desktop.pipe(input, "exec", "home", "--", "bash", "-c", script)).code).toBe(0);
}

async function closed(id: string): Promise<void> {
  await desktop.json("window", "close", id);
  await expect.poll(async () => (await desktop.windows()).some((window) => window.id === id)).toBe(false);
}

test("by the command they open and are whole there, and none is run", async () => {
  for (const [name, content] of KINDS) {
    fs.writeFileSync(path.join(folder, name), content);
    const opened = await desktop.json<{ vm: string; windowId: string }>(
      "open",
      "--in",
      "home",
      path.join(folder, name),
    );
    expect(opened, name).toMatchObject({ vm: "home", windowId: expect.any(String) as unknown as string });
    const script = 'IFS= read -r name; find ~/Opened -name "$name" -exec cat {} +';
    const { stdout } = await desktop.pipe(Buffer.from(name), "exec", "home", "--", "sh", "-c", script);
    expect(stdout.equals(Buffer.from(content)), name).toBe(true);
    await closed(opened.windowId);
  }
  for (const name of REFUSED) {
    fs.writeFileSync(path.join(folder, name), "x");
    const { code, stderr } = await desktop.atoll("open", "--in", "home", path.join(folder, name));
    expect([code, stderr]).toEqual([1, expect.stringContaining("its name cannot be used elsewhere")]);
  }
  expect(await sh("ls ~/Opened/* | grep -e feed -e exe; ls ~ | grep was-run; true")).toBe("");
});

test("activated in the file manager each opens under its name, and none is run", async () => {
  const own = KINDS.filter(([name]) => name !== "page.pdf" && name !== "dot.png");
  const kinds = [...own, ...REFUSED.map((name) => [name, "x"] as const)];
  for (const [name, content] of kinds) await put(`kinds/${name}`, Buffer.from(content));
  await sh(": > shown");
  const { id, element } = await desktop.run("home", "pcmanfm", "kinds");
  await element.locator('[data-part="content"]').click();
  const page = await desktop.page();
  await page.keyboard.press("Home");
  for (const _kind of kinds) {
    // As a double-click does.
    await page.keyboard.press("Enter");
    let opened: string | undefined;
    const find = async (): Promise<boolean> => {
      opened = (await desktop.windows()).find(({ appId }) => appId === "show")?.id;
      return opened !== undefined;
    };
    await expect.poll(find, { timeout: 60_000 }).toBe(true);
    await closed(opened ?? "");
    await page.keyboard.press("Down");
  }
  // A name may have a line feed in it.
  const shown = (await desktop.read("home", "shown")).split("/home/user/kinds/").slice(1);
  expect(shown.map((line) => line.slice(0, -1)).toSorted()).toEqual(kinds.map(([name]) => name).toSorted());
  await closed(id);
  expect(await sh("ls ~ | grep was-run; true")).toBe("");
});

test("a text document opens by rule in the one VM that has an office suite, and elsewhere is told where that is", async () => {
  const letter = path.join(folder, "letter.odt");
  fs.writeFileSync(letter, ODT);
  const nowhere = await desktop.atoll("open", "--json", "--in", "home", letter);
  expect(JSON.parse(nowhere.stderr)).toMatchObject({ error: { code: "open.no-handler", details: { programs: [] } } });

  await desktop.json("template", "build", "work");
  await desktop.json("vm", "create", "office", "--label", "coral", "--template", "work");
  await desktop.json("vm", "start", "office", "--wait", "300");
  const elsewhere = await desktop.atoll("open", "--json", "--in", "home", letter);
  expect(elsewhere.code).toBe(1);
  expect(JSON.parse(elsewhere.stderr)).toMatchObject({
    error: {
      code: "open.no-handler",
      message: expect.stringMatching(/office \(template work\) has “LibreOffice Writer”: open it there/) as unknown,
      details: { type: ODT_TYPE, programs: [{ vm: "office", template: "work", program: "LibreOffice Writer" }] },
    },
  });

  const opened = await desktop.json<{ windowId: string }>("open", letter);
  expect(opened).toMatchObject({ vm: "office", decision: "vm", rule: { line: 2 } });
  const title = async (): Promise<string | undefined> =>
    (await desktop.windows()).find(({ vm }) => vm === "office")?.title;
  await expect.poll(title, { timeout: 600_000 }).toMatch(/letter/);
});
