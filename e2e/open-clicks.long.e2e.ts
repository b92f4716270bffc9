/** Files of every kind and name, opened and sent by the mouse in a guest's file manager. */
import { expect, type Locator, type Page, test } from "@playwright/test";
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { PNG } from "pngjs";
import { TestDesktop } from "./support/desktop.ts";
import { chooseOfAtoll, type FileManager, ONLY_FILE, openFolder } from "./support/file-managers.ts";
import { writePolicy } from "./support/prepare.ts";

/** Of one page without words. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
`;
/** Its icon shows it: one without colour would not be seen. */
function grey(): Buffer {
  const picture = new PNG({ width: 32, height: 32 });
  picture.data.fill(0x80);
  return PNG.sync.write(picture);
}

const SEES = { timeout: 240_000, intervals: [1_000] };
/** A viewer of texts that is quick, and each of its windows a program of its own. */
const VIEWER = `mkdir -p ~/.local/share/applications ~/.config
printf '#!/bin/sh\\nexec foot --app-id=show cat\\n' > ~/show && chmod +x ~/show
printf '[Desktop Entry]\\nType=Application\\nName=Show\\nExec=/home/user/show %%f\\nMimeType=text/plain;\\n' > ~/.local/share/applications/show.desktop
printf '[Default Applications]\\ntext/plain=show.desktop\\n' > ~/.config/mimeapps.list`;

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) => {
    writePolicy(home, [
      { action: "file.open", from: "home", to: "web", decision: "allow" },
      { action: "file.open", from: "home", to: "@disposable", decision: "deny" },
      { action: "file.send", from: "home", to: "web", decision: "allow" },
    ]);
    const rules = [{ type: "@any", from: "home", in: "web" }];
    fs.writeFileSync(path.join(home, "config/open.yaml"), stringify({ rules }));
  });
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  page = await desktop.page();
  expect(await desktop.atoll("exec", "web", "--", "sh", "-c", VIEWER)).toMatchObject({ code: 0 });
});

test.afterAll(() => desktop.close());

/** A folder of home's with this file alone, in its file manager. Its name goes by the input: it is nothing to the shell. */
async function shownAlone(at: number, name: string, content: Buffer): Promise<FileManager> {
  const input = Buffer.concat([Buffer.from(`${Buffer.byteLength(name)}\n${name}`), content]);
  const script = `read -r count; name=$(head -c "$count"; echo x); name=\${name%x}; mkdir f${at}; cat > "f${at}/$name"`;
  expect(await desktop.pipe(input, "exec", "home", "--", "bash", "-c", script)).toMatchObject({ code: 0 });
  return openFolder(desktop, { vm: "home", folder: `f${at}` });
}

/** What has come to web, as this name, below that folder; null: nothing. */
async function arrived(below: string, name: string): Promise<Buffer | null> {
  const script = `IFS= read -r name; find ${below} -name "$name" -exec cat {} \\; -quit`;
  const { stdout } = await desktop.pipe(Buffer.from(name), "exec", "web", "--", "sh", "-c", script);
  return stdout.length === 0 ? null : stdout;
}

const notices = (): Locator => page.getByRole("region", { name: "Notifications" });

test("by a double-click they open where the rule says, and are whole there; one whose name cannot be used is told of", async () => {
  const kinds: readonly (readonly [name: string, content: string | Buffer])[] = [
    ["page.pdf", PDF],
    ["dot.png", grey()],
    ["-rf", "a dash"],
    ["🐚 shell 👩‍👩‍👧.txt", "emoji"],
    ["שלום.txt", "right to left"],
    [`${"n".repeat(251)}.txt`, "255 bytes"],
  ];
  for (const [at, [name, content]] of kinds.entries()) {
    const manager = await shownAlone(at, name, Buffer.from(content));
    // On a slow machine the two clicks may come to it too far apart.
    await expect(async () => {
      await manager.content.dblclick(ONLY_FILE);
      await expect.poll(() => arrived("~/Opened", name), { timeout: 60_000 }).toEqual(Buffer.from(content));
    }).toPass(SEES);
    await expect.poll(async () => (await desktop.windows()).map(({ vm }) => vm), SEES).toContain("web");
    await expect(async () => {
      for (const { id } of await desktop.windows()) await desktop.atoll("window", "close", id);
      expect(await desktop.windows()).toEqual([]);
    }).toPass(SEES);
  }
  const manager = await shownAlone(90, "line\nfeed.txt", Buffer.from("x"));
  await expect(async () => {
    await manager.content.dblclick(ONLY_FILE);
    await expect(notices().getByText(/feed\.txt.*its name cannot be used elsewhere/s)).toBeVisible({ timeout: 60_000 });
  }).toPass(SEES);
  await desktop.json("window", "close", manager.id);
});

test("by the menu's “Send to VM…” one goes to the VM that the person chooses", async () => {
  for (const [at, name] of ["-rf", "🐚 sent.txt"].entries()) {
    const manager = await shownAlone(50 + at, name, Buffer.from("sent"));
    const prompt = page.getByRole("alertdialog", { name: "Send a file of home to which VM?" });
    await chooseOfAtoll(desktop, manager, () => expect(prompt).toBeVisible({ timeout: 15_000 }));
    await prompt.getByRole("radio", { name: "web" }).click();
    await prompt.getByRole("button", { name: "Send to web" }).click();
    await expect.poll(() => arrived("~/Incoming/home", name), SEES).toEqual(Buffer.from("sent"));
    await desktop.json("window", "close", manager.id);
  }
});
