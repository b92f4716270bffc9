/** Pastes that the person did not ask for by keys, prompts that come at a bad moment, an application that dies meanwhile, and the command. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { KeyState, Selection } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { newClip } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

const POLICY = `# Of the test.
rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: home, to: web, decision: allow}
  - {action: clipboard.paste, from: web, to: home, decision: ask}
  - {action: clipboard.paste, from: home, to: held, decision: allow}
  - {action: clipboard.paste, from: twice, to: web, decision: allow}
  - {action: clipboard.paste, from: greedy, to: web, decision: allow}
tests: []
`;
const [KEY_V, BTN_MIDDLE] = [47, 0x112];
/** Bytes of a text that is on its way for a while. */
const LARGE = 4 * 1024 * 1024;

/** Without the characters of the desktop's home: a shell reads $EDITOR. */
const editors = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-editor-"));
let desktop: TestDesktop;
let page: Page;
let prompt: Locator;
let bar: Locator;

interface AuditEntry {
  action: string;
  from: string;
  to: string;
  bytes: number | null;
  decision: string;
  detail: string;
}

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY),
  );
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  await found();
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(editors, { recursive: true });
});

async function found(): Promise<void> {
  page = await desktop.page();
  prompt = page.getByRole("alertdialog");
  bar = page.locator(".paste-bar");
}

/** What was copied last, in this VM. */
async function copied(vm: string, text: string | Buffer): Promise<void> {
  const put = async (): Promise<void> =>
    expect((await desktop.pipe(Buffer.from(text), "clipboard", "put", vm)).code).toBe(0);
  await newClip(desktop, vm, put);
}

/** An X11 terminal that writes what comes to a file, with the keyboard. F2 pastes there, which no host takes for that. */
async function reader(vm: string, file: string): Promise<void> {
  const keys = ["<Key>F2", "Ctrl Shift <Key>V"].map((chord) => `${chord}: insert-selection(CLIPBOARD)`);
  const resources = ["-xrm", `*VT100.translations: #override ${keys.join("\\n")}`, "-xrm", "*selectionTimeout: 60000"];
  const { element } = await desktop.run(vm, "xterm", ...resources, "-e", "sh", "-c", `stty raw -echo; cat > ${file}`);
  await element.locator('[data-part="content"]').click();
  await desktop.isThere(vm, file);
}

test("a request without a gesture waits in a small bar, which takes no key, until it is ignored, lapses, or is answered", async () => {
  await copied("home", "first");
  await reader("web", "/tmp/bar");
  await page.keyboard.press("F2");
  await expect(bar).toBeVisible();
  await expect(bar).toContainText("wants to paste");
  await type(page, "x");
  await expect.poll(() => desktop.read("web", "/tmp/bar")).toBe("x");
  await bar.getByRole("button", { name: "Ignore" }).click();
  await expect(bar).toHaveCount(0);

  await copied("home", "second");
  await page.keyboard.press("F2");
  await expect(bar).toBeVisible();
  await expect(bar).toHaveCount(0);
  await type(page, "y");
  await expect.poll(() => desktop.read("web", "/tmp/bar")).toBe("xy");

  await copied("home", "third");
  await page.keyboard.press("F2");
  await bar.getByRole("button", { name: "Paste" }).click();
  await expect.poll(() => desktop.read("web", "/tmp/bar")).toBe("xythird");
  await expect(bar).toHaveCount(0);
  await expect(prompt).toHaveCount(0);
});

test("no key of somebody who types fast answers a prompt with yes, and no program gets it", async () => {
  await copied("web", "not this");
  await reader("home", "/tmp/fast");
  await type(page, "before");
  await expect.poll(() => desktop.read("home", "/tmp/fast")).toBe("before");
  await page.keyboard.press("Control+Shift+V");
  await expect(prompt).toBeVisible();
  await type(page, "oaym 1");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowRight");
  await expect(prompt.locator('[data-answer="once"]')).toBeEnabled();
  await expect(prompt.locator('[data-answer="deny"]')).toBeFocused();
  await type(page, "oaym");
  await page.keyboard.press("Escape");
  await expect(prompt).toHaveCount(0);
  await type(page, " after");
  await expect.poll(() => desktop.read("home", "/tmp/fast")).toBe("before after");
});

test("a prompt is there again when the page was loaded anew, and its answer counts", async () => {
  await copied("web", "of the web");
  await reader("home", "/tmp/reload");
  await page.keyboard.press("Control+Shift+V");
  await expect(prompt).toContainText("of the web");
  await page.reload();
  await expect(prompt).toContainText("of the web");
  await prompt.locator('[data-answer="once"]').click();
  await expect.poll(() => desktop.read("home", "/tmp/reload")).toBe("of the web");
});

test("the application is killed in the middle of a paste: the next one finds the VMs, and pastes", async () => {
  await copied("home", Buffer.alloc(LARGE, "0123456789abcdef"));
  await reader("web", "/tmp/killed");
  await page.keyboard.press("Control+Shift+V");
  await expect
    .poll(async () => (await desktop.read("web", "/tmp/killed")).length, { intervals: [50] })
    .toBeGreaterThan(0);
  await desktop.crash();
  await desktop.start();
  await found();
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  const before = await desktop.read("web", "/tmp/killed");
  expect(before.length).toBeLessThan(LARGE);
  await copied("home", "again");
  await reader("web", "/tmp/again");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("web", "/tmp/again")).toBe("again");
  expect(await desktop.json("audit", "--verify")).toMatchObject({ ok: true });
});

test("a policy that is edited counts at once; exec that it denies ends with 125; a broken one is not taken", async () => {
  const editor = (script: string): Promise<{ code: number; stderr: string }> => {
    const file = path.join(editors, "editor");
    fs.writeFileSync(file, `#!/bin/sh\nsed -i '${script}' "$1"\n`, { mode: 0o700 });
    return desktop.atollWith({ EDITOR: file, VISUAL: "" }, "policy", "edit");
  };
  const policy = (): string => fs.readFileSync(path.join(desktop.home, "config/policy.yaml"), "utf8");
  const deny = '  - {action: exec, from: "@host", to: web, decision: deny}';
  expect(await editor(`s/^rules:$/rules:\\n${deny}/`)).toMatchObject({ code: 0 });
  expect(policy()).toBe(POLICY.replace("rules:", `rules:\n${deny}`));
  const denied = await desktop.atoll("exec", "web", "--", "true");
  expect(denied).toMatchObject({ code: 125, stdout: "" });
  expect(denied.stderr).toContain("Line 3");
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", "exit 7")).code).toBe(7);
  const last = (await desktop.json<AuditEntry[]>("audit")).at(-1);
  expect(last).toMatchObject({ action: "exec", from: "@host", to: "web", decision: "deny" });

  expect(await editor("s/deny/never/")).toMatchObject({ code: 1 });
  expect(await editor("/to: web, decision: deny/d")).toMatchObject({ code: 0 });
  expect(policy()).toBe(POLICY);
  expect((await desktop.atoll("exec", "web", "--", "true")).code).toBe(0);
});

test("vm set changes a VM's label and role at once, and its file keeps its comments", async () => {
  const file = path.join(desktop.home, "config/vms/web.yaml");
  fs.appendFileSync(file, "# of mine\n");
  expect(await desktop.atoll("vm", "set", "web", "--label", "sand", "--role", "vault")).toMatchObject({ code: 0 });
  await expect
    .poll(async () => (await desktop.vms()).find(({ name }) => name === "web"))
    .toMatchObject({
      label: "sand",
      role: "vault",
    });
  expect(fs.readFileSync(file, "utf8")).toContain("# of mine");
  await expect(page.locator('[data-label="sand"]').first()).toBeVisible();
  expect(await desktop.atoll("vm", "set", "web", "--label", "beige")).toMatchObject({ code: 2 });
});

/** What a person has copied in the VM that the test speaks for, which the history has read. */
async function copiedByAgent(agent: ScriptedAgent, vm: string, generation: number): Promise<void> {
  await newClip(desktop, vm, async () => {
    const put = desktop.pipe(Buffer.from("put"), "clipboard", "put", vm);
    const { stream } = await agent.hear("clipPut");
    await agent.read(stream);
    agent.say("control", "clipOffered", {
      selection: Selection.CLIPBOARD,
      generation,
      types: ["text/plain;charset=utf-8"],
    });
    expect((await put).code).toBe(0);
    write(agent, await asked(agent, generation), `for the history ${generation}`);
  });
}

/** The stream into which the host wants that clip. */
async function asked(agent: ScriptedAgent, generation: number): Promise<number> {
  for (;;) {
    const read = await agent.hear("clipRead");
    if (read.generation === generation) return read.stream;
  }
}

function write(agent: ScriptedAgent, stream: number, text: string): void {
  agent.say("bulk", "streamData", { stream }, Buffer.from(text));
  agent.say("bulk", "streamEnd", { stream });
}

/** A terminal that takes what is pasted by one request, with the keyboard. */
async function waylandReader(vm: string, file: string): Promise<void> {
  const { element } = await desktop.run(vm, "foot", "sh", "-c", `stty raw -echo; cat > ${file}`);
  await element.locator('[data-part="content"]').click();
  await desktop.isThere(vm, file);
}

async function broken(vm: string): Promise<void> {
  await expect
    .poll(async () => (await desktop.vms()).find(({ name }) => name === vm))
    .toMatchObject({ state: "unresponsive", stateReason: "protocol-violation" });
}

test("a source that answers late gives nothing, and its next clip is pasted; one that answers twice loses its channels", async () => {
  const agent = await scriptedVm(desktop, "twice", "sand");
  await copiedByAgent(agent, "twice", 1);
  await waylandReader("web", "/tmp/twice");
  await page.keyboard.press("Control+Shift+V");
  const late = await asked(agent, 1);
  // The host has waited long enough.
  while ((await agent.hear("streamEnd")).stream !== late);
  write(agent, late, "late");
  await copiedByAgent(agent, "twice", 2);
  await page.keyboard.press("Control+Shift+V");
  const stream = await asked(agent, 2);
  write(agent, stream, "once");
  await expect.poll(() => desktop.read("web", "/tmp/twice")).toBe("once");
  write(agent, stream, "twice");
  await broken("twice");
  await type(page, "x");
  await expect.poll(() => desktop.read("web", "/tmp/twice")).toBe("oncex");
  agent.close();
});

test("a source that gives more than the host has asked for loses its channels, and the program gets nothing more", async () => {
  const agent = await scriptedVm(desktop, "greedy", "sand");
  await copiedByAgent(agent, "greedy", 1);
  await waylandReader("web", "/tmp/greedy");
  await page.keyboard.press("Control+Shift+V");
  const stream = await asked(agent, 1);
  const piece = Buffer.alloc(64 * 1024, "a");
  // No reader takes so much at once.
  for (let bytes = 0; bytes <= 16 * 1024 * 1024; bytes += piece.length)
    agent.say("bulk", "streamData", { stream }, piece);
  await broken("greedy");
  await copied("home", "after it");
  await waylandReader("web", "/tmp/after-greedy");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("web", "/tmp/after-greedy")).toBe("after it");
  agent.close();
});

// Real programs here are slower than the host: which of the two is first would say nothing.
test("the key or middle click of a paste comes after its content, and without it where the agent does not take that", async () => {
  const agent = await scriptedVm(desktop, "held", "sand");
  openWindow(agent, 1, { title: "held" });
  await paint(agent, 1, 300, 200);
  const found = async (): Promise<string> => (await desktop.windows()).find(({ vm }) => vm === "held")?.id ?? "";
  await expect.poll(found).not.toBe("");
  const hasKey = (): boolean =>
    agent.heard("key").some(({ code, state }) => code === KEY_V && state === KeyState.PRESSED);
  const hasClick = (): boolean => agent.heard("pointerButton").some(({ button }) => button === BTN_MIDDLE);
  const keyCame = async (): Promise<void> => {
    for (let key = await agent.hear("key"); ; key = await agent.hear("key"))
      if (key.code === KEY_V && key.state === KeyState.RELEASED) return;
  };
  const clickCame = async (): Promise<void> => {
    for (let at = await agent.hear("pointerButton"); at.pressed; at = await agent.hear("pointerButton"));
  };
  /**
   * Nothing waits for more than 150 ms: on a machine that is busy with something else the content may need longer. Each press
   * sends it again, four times in two seconds at most.
   */
  const comesAfter = (content: string, press: () => Promise<void>, hasIt: () => boolean, itCame: typeof keyCame) =>
    expect(async () => {
      await press();
      const { stream } = await agent.hear("clipAhead");
      const cameFirst = hasIt() ? "input" : "content";
      expect((await agent.read(stream)).bytes.toString()).toBe(content);
      await itCame();
      expect(cameFirst).toBe("content");
    }).toPass({ intervals: [2_500], timeout: 60_000 });

  fs.writeFileSync(path.join(desktop.home, "config/settings.yaml"), "middleClickAcrossVms: true\n");
  const { element } = await desktop.run("home", "foot", "sh", "-c", "printf 'marked '; cat");
  const isMarked = (): boolean =>
    agent.heard("clipAnnounced").some(({ selection, types }) => selection === Selection.PRIMARY && types.length > 0);
  await expect(async () => {
    await element.locator('[data-part="content"]').dblclick({ position: { x: 20, y: 10 } });
    await expect.poll(isMarked, { timeout: 5_000 }).toBe(true);
  }).toPass();
  await desktop.json("window", "focus", await found());
  const target = page.locator(`[data-window-id="${await found()}"] [data-part="content"]`);
  await comesAfter("marked", () => target.click({ button: "middle" }), hasClick, clickCame);

  await copied("home", "before its key");
  await desktop.json("window", "focus", await found());
  await comesAfter("before its key", () => page.keyboard.press("Control+v"), hasKey, keyCame);

  await page.keyboard.press("Control+v");
  await agent.hear("clipAhead");
  await keyCame();
  agent.close();
});

test("the source's VM dies in the middle of a paste: the program gets the end, and the log says why", async () => {
  await copied("home", Buffer.alloc(LARGE, "0123456789abcdef"));
  const { element } = await desktop.run("web", "foot");
  await element.locator('[data-part="content"]').click();
  // It reads a part and waits, so that the rest cannot have come.
  const waits = "while [ ! -e /tmp/go ]; do sleep 0.2; done";
  await type(page, `wl-paste -n | (head -c 100000; ${waits}; cat) > /tmp/died; touch /tmp/over\n`);
  await bar.getByRole("button", { name: "Paste" }).click();
  await expect.poll(async () => (await desktop.read("web", "/tmp/died")).length).toBe(100_000);
  const home = (await desktop.vms()).find(({ name }) => name === "home");
  if (home === undefined) throw new Error("home is not listed");
  process.kill(desktop.qemuPid(home.id), "SIGKILL");
  await expect.poll(async () => (await desktop.vms()).find(({ name }) => name === "home")?.state).toBe("crashed");
  await desktop.atoll("exec", "web", "--", "touch", "/tmp/go");
  await desktop.isThere("web", "/tmp/over");
  expect((await desktop.read("web", "/tmp/died")).length).toBeLessThan(LARGE);
  const last = async (): Promise<AuditEntry | undefined> =>
    (await desktop.json<AuditEntry[]>("audit")).findLast(({ action }) => action === "clipboard.paste");
  // How it ended is written when the host has heard of it, and the program may hear of it first.
  await expect.poll(async () => (await last())?.detail).not.toBe("");
  expect(await last()).toMatchObject({ from: "home", to: "web", decision: "allow" });
  expect((await last())?.bytes).toBeLessThan(LARGE);
});
