/** A letter whose program one VM alone has: it opens there, by a rule or by the person's choice, and otherwise they are told who has one. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { stringify } from "yaml";
import { TestDesktop, type } from "./support/desktop.ts";
import { noteNotices } from "./support/notices.ts";
import { odt } from "./support/odt.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";

/** An emulated VM reads LibreOffice from its disk for the first time. */
const STARTS = { timeout: 600_000, intervals: [2_000] };
const WRITER = "LibreOffice Writer";
/** Nobody is told at its first start what is new in it. */
const QUIET = ["ShowTipOfTheDay", "FirstRun"].map(
  (name) =>
    `<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="${name}" oor:op="fuse"><value>false</value></prop></item>`,
);
/** A person's own. Without recommended packages: its windows are X11's. */
const TEMPLATE = {
  name: "debian-office",
  description: "The default template with a word processor",
  from: "debian",
  packages: ["libreoffice-writer"],
  memoryMiB: 1024,
  files: [
    {
      path: "/home/user/.config/libreoffice/4/user/registrymodifications.xcu",
      content: `<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">${QUIET.join("")}</oor:items>`,
    },
  ],
};

let desktop: TestDesktop;
let page: Page;
/** Of the host's files. */
let folder: string;

test.beforeAll(async () => {
  test.setTimeout(1_800_000);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll office "));
  desktop = await TestDesktop.open({ home: "lagoon", office: "coral" }, (home) => {
    changeDefinition(home, "office", { template: TEMPLATE.name, autostart: false });
    fs.mkdirSync(path.join(home, "config/templates"), { recursive: true });
    fs.writeFileSync(path.join(home, `config/templates/${TEMPLATE.name}.yaml`), stringify(TEMPLATE));
    writePolicy(home, [
      { action: "file.open", from: "@host", to: "@any", decision: "allow" },
      { action: "file.open", from: "home", to: "office", decision: "allow" },
      // The way back of what the person themselves has asked to be edited there.
      { action: "file.send", from: "office", to: "@host", decision: "ask" },
    ]);
  });
  page = await desktop.page();
  const built = await desktop.atoll("template", "build", TEMPLATE.name);
  expect(built, built.stderr).toMatchObject({ code: 0 });
  await desktop.isRunning("home");
  for (const name of ["letter.odt", "no ending", "chosen.odt"])
    expect(await desktop.pipe(odt("hello"), "exec", "home", "--", "sh", "-c", `cat > '${name}'`)).toMatchObject({
      code: 0,
    });
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Documents of home open there; resolves when that counts. */
async function documentsOpen(place: string): Promise<void> {
  const rules = [
    { type: "document", from: "home", in: place },
    { type: "@any", from: "@any", in: "here" },
  ];
  fs.writeFileSync(path.join(desktop.home, "config/open.yaml"), stringify({ rules }));
  const inForce = (): Promise<unknown> =>
    page.evaluate(async () => {
      const answer = await window.atoll.request("open.explain", { group: "document", from: "home" });
      return answer.ok ? answer.value.in : answer;
    });
  await expect.poll(inForce).toBe(place);
}

/** As a program of home does; what it is answered. */
const opens = (file: string) => desktop.atoll("exec", "home", "--", "xdg-open", file);

/** So many letters are shown: its windows, which have no title in Atoll, as it gives that in a way that nobody here reads. */
async function areShown(count: number): Promise<void> {
  const shown = async (): Promise<string[]> =>
    (await desktop.windows()).filter(({ vm }) => vm === "office").map(({ appId }) => appId);
  await expect.poll(shown, STARTS).toEqual(Array.from({ length: count }, () => "libreoffice-writer"));
  for (const { id, vm } of await desktop.windows()) if (vm === "office") await isDrawn(id);
}

/** It shows paper with a letter on it: the middle of its window is white, and not all of it is one colour. */
async function isDrawn(id: string): Promise<void> {
  const drawn = async (): Promise<boolean> => {
    const { data, width, height } = await desktop.picture(id);
    const at = ((height >> 1) * width + (width >> 1)) * 4;
    return data.readUInt32BE(at) === 0xffffffff && data.readUInt32BE(0) !== 0xffffffff;
  };
  await expect.poll(drawn, STARTS).toBe(true);
}

test("where no rule says who opens it, the person and the program are told who has a program for it", async () => {
  test.setTimeout(600_000);
  await documentsOpen("here");
  const program = { vm: "office", template: TEMPLATE.name, program: WRITER };
  const named = `office (template ${TEMPLATE.name}, not running) has “${WRITER}”: open it there`;
  fs.writeFileSync(path.join(folder, "letter.odt"), odt("hello"));
  const open = await desktop.atoll("open", "--json", "--in", "home", path.join(folder, "letter.odt"));
  expect(JSON.parse(open.stderr)).toMatchObject({
    error: { code: "open.no-handler", details: { programs: [program] } },
  });
  expect(open.stderr).toContain(named);
  // What a double-click in home's file manager does, which shows nothing by itself.
  const notices = await noteNotices(page);
  for (const file of ["letter.odt", "no ending"]) {
    expect(await opens(file)).toMatchObject({ code: 3, stderr: expect.stringContaining(named) });
    await notices.has(new RegExp(`No program opens .*${file}.*${WRITER}.* in office does`));
  }
});

test("a rule opens it in the VM that has the program, which is started for it, also by its content alone", async () => {
  test.setTimeout(1_800_000);
  await documentsOpen("office");
  expect(await opens("letter.odt")).toMatchObject({ code: 0 });
  await areShown(1);
  // A second one, while the program runs.
  expect(await opens("no ending")).toMatchObject({ code: 0 });
  await areShown(2);
});

test("the person chooses that VM, and is told that it has the program", async () => {
  test.setTimeout(900_000);
  await documentsOpen("ask");
  const opened = opens("chosen.odt");
  const prompt = page.getByRole("alertdialog", { name: "Where shall this file of home open?" });
  await expect(prompt).toBeVisible({ timeout: 60_000 });
  const choice = prompt.getByRole("radio", { name: "in office" });
  await expect(choice).toContainText(`has “${WRITER}”`);
  await choice.click();
  await prompt.getByRole("button", { name: "Open in office" }).click();
  expect(await opened).toMatchObject({ code: 0 });
  await areShown(3);
});

test("what the program saves comes home, and the letter before is kept", async () => {
  test.setTimeout(900_000);
  const before = odt("hello");
  fs.writeFileSync(path.join(folder, "letter.odt"), before);
  const opened = await desktop.json<{ windowId: string }>(
    "open",
    "--in",
    "office",
    "--edit",
    path.join(folder, "letter.odt"),
  );
  const content = page.locator(`[data-window-id="${opened.windowId}"] [data-part="content"]`);
  await expect(async () => {
    // Each fills the desktop, and one of the others may have come to the front.
    await desktop.json("window", "focus", opened.windowId);
    await content.click();
    await type(page, "saved ");
    await page.keyboard.press("Control+s");
    await expect
      .poll(() => fs.readFileSync(path.join(folder, "letter.odt")).equals(before), { timeout: 60_000 })
      .toBe(false);
  }).toPass(STARTS);
  expect(fs.readFileSync(path.join(folder, "letter.before-edit.odt")).equals(before)).toBe(true);
});
