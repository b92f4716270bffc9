/** Files and links open where the rules say: of this machine by `atoll open`, of a guest's programs through its agent. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import type { WindowView } from "#shared/model/window.ts";
import { TestDesktop } from "./support/desktop.ts";
import { ONLY_FILE, onlyFileIsDrawn } from "./support/file-managers.ts";

/** No file of the host's goes to web, and of home only texts do. */
const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: file.open, from: "@host", to: web, decision: deny}
  - {action: file.open, from: "@host", to: "@any", decision: allow}
  - {action: file.open, from: home, to: web, decision: allow}
  - {action: file.send, from: home, to: "@host", decision: ask}
  - {action: url.open, from: "@host", to: web, decision: allow}
  - {action: url.open, from: home, to: web, decision: allow}
tests: []
`;
const OPEN_RULES = `rules:
  - {type: web, from: home, in: web}
  - {type: web, from: "@host", in: web}
  - {type: text, from: home, in: web}
  - {type: "@any", from: home, in: here}
  - {type: "@any", from: "@host", in: disposable}
`;
/** A browser and a viewer that are quick: a terminal, after it has noted what it was given. */
const SHOW = `#!/bin/sh
echo "$1" >> ~/shown
exec foot --app-id=show --title="$1" cat
`;
const ENTRY = `[Desktop Entry]
Type=Application
Name=Show
Exec=/home/user/show %u
MimeType=text/plain;image/svg+xml;x-scheme-handler/https;
`;
/** A program that ends before it has a window. */
const FAIL = `#!/bin/sh
kill -SEGV $$
`;
const FAILING_ENTRY = `[Desktop Entry]
Type=Application
Name=Fail
Exec=/home/user/fail %f
MimeType=audio/flac;
`;
const DEFAULTS = `[Default Applications]
text/plain=show.desktop
image/svg+xml=show.desktop
x-scheme-handler/https=show.desktop
`;

interface Opened {
  vm: string;
  windowId: string | null;
  decision: string;
  rule: { line: number; text: string } | null;
  returned?: boolean;
}

let desktop: TestDesktop;
/** Of the host's files. */
let folder: string;

test.beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll open "));
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) => {
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
    fs.writeFileSync(path.join(home, "config/open.yaml"), OPEN_RULES);
  });
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
  const write = (file: string, text: string): string =>
    `mkdir -p $(dirname ${file}) && cat > ${file} <<'END'\n${text}END\n`;
  const files = [
    write("~/.local/share/applications/show.desktop", ENTRY),
    write("~/.local/share/applications/fail.desktop", FAILING_ENTRY),
    write("~/.config/mimeapps.list", DEFAULTS),
    write("~/show", SHOW),
    write("~/fail", FAIL),
  ];
  for (const vm of ["home", "web"]) await sh(vm, [...files, "chmod +x ~/show ~/fail"].join(""));
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** What a shell of the guest prints. */
async function sh(vm: string, script: string): Promise<string> {
  const { code, stdout, stderr } = await desktop.atoll("exec", vm, "--", "sh", "-c", script);
  expect(code, stderr).toBe(0);
  return stdout.trim();
}

function file(name: string, content: string | Buffer): string {
  const whole = path.join(folder, name);
  fs.writeFileSync(whole, content);
  return whole;
}

const open = (...words: string[]): Promise<Opened> => desktop.json<Opened>("open", ...words);

/** A window of the VM whose title names this. */
async function windowWith(vm: string, title: string): Promise<WindowView> {
  let found: WindowView | undefined;
  await expect
    .poll(
      async () => {
        found = (await desktop.windows()).find((window) => window.vm === vm && window.title.includes(title));
        return found !== undefined;
      },
      { message: `a window of ${vm} with “${title}”`, timeout: 120_000 },
    )
    .toBe(true);
  return found as WindowView;
}

async function isClosed({ id }: { id: string }): Promise<void> {
  await desktop.json("window", "close", id);
  await expect.poll(async () => (await desktop.windows()).some((window) => window.id === id)).toBe(false);
}

/** Where a file is that came to be opened. */
const arrived = (vm: string, name: string): Promise<string> => sh(vm, `find ~ -name '${name}'`);

test("a file of this machine is looked at in a disposable, which goes with its window", async () => {
  const opened = await open(file("notes.txt", "of the host"));
  expect(opened).toMatchObject({ vm: "disp-1", decision: "disposable", rule: { line: 6 } });
  const window = await windowWith("disp-1", "notes.txt");
  expect(window.id).toBe(opened.windowId);
  const there = await arrived("disp-1", "notes.txt");
  expect(await desktop.read("disp-1", there)).toBe("of the host");
  expect((await desktop.atoll("exec", "disp-1", "--", "test", "-w", there)).code).toBe(1);
  await isClosed(window);
  await expect.poll(async () => (await desktop.vms()).map(({ name }) => name)).toEqual(["home", "web"]);
});

test("a picture is shown by the viewer that the template has, and a viewer that fails is told of at once", async () => {
  const picture = file("dot.png", PNG.sync.write(new PNG({ width: 32, height: 32 })));
  const { windowId } = await open("--in", "home", picture);
  const window = await windowWith("home", "dot.png");
  expect(window.id).toBe(windowId);
  await isClosed(window);
  // Nobody waits for a window that will not come.
  const failing = await desktop.atoll("open", "--json", "--in", "home", file("sound.flac", "fLaC"));
  expect(failing.code).toBe(1);
  expect(JSON.parse(failing.stderr)).toMatchObject({ error: { code: "app.launch-failed", details: { signal: 11 } } });
  expect(failing.stderr).toContain("ended by signal 11");
});

test("what is edited elsewhere comes back when it was saved, and the file before is kept", async () => {
  const letter = file("letter.txt", "before");
  const edited = open("--in", "home", "--edit", "--wait", letter);
  const window = await windowWith("home", "letter.txt");
  const there = await arrived("home", "letter.txt");
  await sh("home", `printf ' and after' >> '${there}'`);
  await expect.poll(() => fs.readFileSync(letter, "utf8")).toBe("before and after");
  expect(fs.readFileSync(path.join(folder, "letter.before-edit.txt"), "utf8")).toBe("before");
  await isClosed(window);
  expect(await edited).toMatchObject({ vm: "home", decision: "vm", rule: null, returned: true });
});

test("a link opens by its rule, in the browser that is there", async () => {
  expect(await open("https://example.org/a?b=c")).toMatchObject({ vm: "web", decision: "vm", rule: { line: 3 } });
  expect(await desktop.read("web", "shown")).toBe("https://example.org/a?b=c\n");
});

test("xdg-open of a guest goes through the opener", async () => {
  await sh("home", "echo hello > own.txt && xdg-open own.txt && xdg-open https://example.org/own");
  await isClosed(await windowWith("web", "own.txt"));
  // One that is still ending would take the next test's file, and end with it.
  await expect.poll(async () => (await desktop.atoll("exec", "web", "--", "pgrep", "-x", "mousepad")).code).toBe(1);
  await expect.poll(() => desktop.read("web", "shown")).toContain("https://example.org/own\n");
});

test("a double-click in a guest's file manager does, too, and what stays asks nothing", async () => {
  await sh("home", "mkdir folder && echo text > folder/clicked.txt");
  const manager = await desktop.run("home", "pcmanfm", "folder");
  await onlyFileIsDrawn(desktop, manager.id);
  await manager.element.locator('[data-part="content"]').dblclick(ONLY_FILE);
  await isClosed(await windowWith("web", "clicked.txt"));
  const before = await desktop.json<unknown[]>("audit");
  await sh(
    "home",
    "cp /usr/share/icons/Adwaita/symbolic/places/folder-symbolic.svg picture.svg && xdg-open picture.svg",
  );
  await windowWith("home", "picture.svg");
  expect(await desktop.json<unknown[]>("audit")).toEqual(before);
});

test("what is denied is exit code 3, what is no link 2, and what nothing opens is said", async () => {
  const text = file("denied.txt", "stays");
  expect(await desktop.atoll("open", "--in", "web", text)).toMatchObject({ code: 3 });
  expect(await sh("web", "find ~ -name denied.txt")).toBe("");
  expect(await desktop.atoll("open", `file://${text}`)).toMatchObject({ code: 2 });
  const unknown = await desktop.atoll("open", "--json", "--in", "home", file("book.epub", "no book"));
  expect(unknown.code).toBe(1);
  expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: "open.no-handler" } });
  expect(unknown.stderr).toContain("install one in a VM");
  const guests = await desktop.atoll("exec", "home", "--", "xdg-open", "ftp://example.org/");
  expect(guests.code).toBeGreaterThan(0);
});

test("Debian's xdg-open finds the opener, too", async () => {
  // Some forty processes in an emulated guest.
  test.slow();
  await sh("home", "/usr/bin/xdg-open https://example.org/debians");
  await expect.poll(() => desktop.read("web", "shown")).toContain("https://example.org/debians\n");
});

test("programs that ask the portal of their session come to the opener as well", async () => {
  test.slow();
  // Of this machine: it is not in the template, and the libraries that it is made of are.
  const gdbus = fs.readFileSync("/usr/bin/gdbus");
  const brought = await desktop.pipe(gdbus, "exec", "home", "--", "sh", "-c", "cat > gdbus && chmod +x gdbus");
  expect(brought).toMatchObject({ code: 0 });
  const call = `./gdbus call --session --timeout 120 --dest org.freedesktop.portal.Desktop --object-path /org/freedesktop/portal/desktop`;
  // gdbus asks for the types of arguments, for 3 s at most: they are given.
  const asks = `${call} --method org.freedesktop.portal.OpenURI.OpenURI '' https://example.org/portal '@a{sv} {}'`;
  expect(await sh("home", asks)).toContain("/request/");
  await expect.poll(() => desktop.read("web", "shown")).toContain("https://example.org/portal\n");
  // It is the only one: programs do without others.
  const chooser = `${call} --method org.freedesktop.portal.FileChooser.OpenFile '' Open '@a{sv} {}'`;
  expect(await desktop.atoll("exec", "home", "--", "sh", "-c", chooser)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("org.freedesktop.DBus.Error.UnknownInterface"),
  });
});

test("a program that the session bus starts has its windows, and its files open by the opener", async () => {
  const service = "[D-BUS Service]\\nName=org.example.Show\\nExec=/home/user/activated\\n";
  const program = "#!/bin/sh\\necho by the bus > by-bus.txt\\nxdg-open by-bus.txt\\nexec foot --title=activated cat\\n";
  await sh("home", `printf '${program}' > activated && chmod +x activated && mkdir -p .local/share/dbus-1/services`);
  await sh("home", `printf '${service}' > .local/share/dbus-1/services/org.example.Show.service`);
  await sh("home", "dbus-send --session --dest=org.example.Show / org.example.Show.Go");
  await isClosed(await windowWith("web", "by-bus.txt"));
  await isClosed(await windowWith("home", "activated"));
});

test("where no program opens it, the message names who has one, also a VM that has stopped", async () => {
  const book = file("other.epub", "no book");
  const entry = "[Desktop Entry]\\nType=Application\\nName=Reader\\nExec=true\\nMimeType=application/epub+zip;\\n";
  await sh("web", `printf '${entry}' > ~/.local/share/applications/reader.desktop`);
  const told = async (): Promise<{ error: { code: string; message: string; details: unknown } }> => {
    const { stderr } = await desktop.atoll("open", "--json", "--in", "home", book);
    return JSON.parse(stderr) as Awaited<ReturnType<typeof told>>;
  };
  const details = { programs: [{ vm: "web", template: "debian", program: "Reader" }] };
  // Its agent lists a new entry a moment after it was written.
  await expect.poll(async () => (await told()).error).toMatchObject({ code: "open.no-handler", details });
  await desktop.json("vm", "stop", "web", "--wait");
  const { error } = await told();
  expect(error).toMatchObject({ code: "open.no-handler", details });
  expect(error.message).toContain("web (template debian, not running) has “Reader”: open it there");
});
