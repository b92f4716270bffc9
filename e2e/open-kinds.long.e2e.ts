/** Files of every kind and name, opened by the command: too many for `npm test`. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import { TestDesktop } from "./support/desktop.ts";

const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: file.open, from: "@host", to: "@any", decision: allow}
tests: []
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
/** What cannot be a name elsewhere. */
const REFUSED = ["line\nfeed.txt", "gpj.\u{202e}exe"];

let desktop: TestDesktop;
/** Of the host's files. */
let folder: string;

test.beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll kinds "));
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) => {
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
  });
  await desktop.isRunning("home");
  const types = (kinds: readonly string[]): string => kinds.map((kind) => `${kind}=show.desktop\n`).join("");
  for (const [file, text] of [
    ["show", SHOW],
    [".local/share/applications/show.desktop", `${ENTRY}MimeType=${SHOWN_TYPES.join(";")};\n`],
    [".config/mimeapps.list", `[Default Applications]\n${types(SHOWN_TYPES)}`],
  ] as const)
    await put(file, Buffer.from(text));
  await sh("chmod +x show");
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
