/**
 * The package, installed in a clean Debian and used there by an ordinary user. A PDF that is opened on the host while Atoll does not
 * run starts it, with Chromium's sandbox, and is seen in a disposable, as the next one is. VMs outlive an upgrade, and what users made
 * a removal.
 */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import { type CleanRoot, HOME_RUNS, INSTALL, makeCleanRoot, makePackage } from "./support/clean-root.ts";

const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
`;
const LIMIT_S = 1800;

/** What root does, and between it what the ordinary user does. What they find is written down for the tests. */
const ROOT = `${INSTALL}
dpkg --verify atoll > /work/verified
desktop-file-validate /usr/share/applications/atoll.desktop
# It has no address on the web yet.
appstreamcli validate --no-net --override=url-homepage-missing=info /usr/share/metainfo/org.atoll.Atoll.metainfo.xml
# It is there where the parser of this Debian takes it.
cmp /usr/share/atoll/apparmor /etc/apparmor.d/atoll
as_user bash -e /work/open.sh
dpkg -i /atoll.deb > /work/upgrade
as_user bash -e /work/go-on.sh
dpkg --remove atoll
test ! -e /etc/apparmor.d/atoll
dpkg --purge atoll > /work/purge
(cd /home/tester; find .config/atoll .local/state/atoll) > /work/left
`;
const COMMON = `${HOME_RUNS}
listed() {
  atoll window list --json > /work/windows-$1.json
  atoll vm list --json > /work/vms-$1.json
}
`;
const OPEN = `${COMMON}
is_shown() {
  until atoll window list --json 2>/dev/null | grep -q '"title": *"[^"]*'"$1"; do sleep 1; done
}
cp "/work/a page.pdf" ~
cp "/work/a page.pdf" ~/next.pdf
gio mime application/pdf atoll.desktop
gio open ~/"a page.pdf"
is_shown "a page.pdf"
xdg-open ~/next.pdf
is_shown next.pdf
listed open
for process in /proc/[0-9]*; do
  case "$(readlink $process/exe)" in
  /usr/lib/atoll/*) tr '\\0' ' ' < $process/cmdline; grep ^Seccomp: $process/status ;;
  esac
done > /work/processes
home_runs
`;
const GO_ON = `${COMMON}
listed upgraded
atoll disposable start -- true 2> /work/refused && exit 1
atoll quit --restart
until atoll vm list > /dev/null 2>&1; do sleep 1; done
home_runs
listed again
atoll disposable start
atoll quit --stop-vms
`;

let root: CleanRoot;

// What they look at is made once.
test.describe.configure({ mode: "serial" });
test.skip(process.getuid?.() !== 0, "only root can make another root");

test.beforeAll(async () => {
  test.setTimeout(60 * 60_000);
  root = makeCleanRoot(makePackage(), true);
  const files = { "root.sh": ROOT, "open.sh": OPEN, "go-on.sh": GO_ON, "a page.pdf": PDF };
  for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(root.work, name), content);
  expect(await root.run("root.sh", LIMIT_S * 1000)).toBe(0);
});

test.afterAll(() => root.remove());

const written = (name: string): string => fs.readFileSync(path.join(root.work, name), "utf8");
const vms = (when: string): VmView[] => JSON.parse(written(`vms-${when}.json`)) as VmView[];

test("PDFs of the host are each seen in a disposable, and the sandbox is on", () => {
  expect(written("verified")).toBe("");
  const windows = JSON.parse(written("windows-open.json")) as WindowView[];
  const shown = windows.map(({ vm, appId }) => ({ vm, appId })).toSorted((a, b) => a.vm.localeCompare(b.vm));
  expect(shown).toEqual(["disp-1", "disp-2"].map((vm) => ({ vm, appId: "org.pwmt.zathura" })));
  expect(vms("open").map(({ name }) => name)).toEqual(expect.arrayContaining(["home", "web", "disp-1", "disp-2"]));
  const processes = written("processes");
  expect(processes).toContain("/usr/lib/atoll/atoll-desktop");
  expect(processes).not.toContain("--no-sandbox");
  // The page's process: filtered system calls.
  expect(processes).toMatch(/--type=renderer .*Seccomp:\s*2$/m);
});

test("an upgrade leaves what runs, and the next start has the VMs as they were", () => {
  expect(written("upgrade")).toContain("Atoll still runs in its former version");
  const windows = JSON.parse(written("windows-upgraded.json")) as WindowView[];
  expect(windows.map(({ vm }) => vm).toSorted()).toEqual(["disp-1", "disp-2"]);
  const home = (when: string): VmView | undefined => vms(when).find(({ name }) => name === "home");
  expect(home("upgraded")).toMatchObject({ state: "running" });
  expect(home("again")).toMatchObject({ state: "running" });
  // The files of the former version are gone: what it started would be of another one.
  expect(written("refused")).toContain("Atoll was updated");
  // It was not booted again.
  expect(home("again")?.uptimeS).toBeGreaterThanOrEqual(home("upgraded")?.uptimeS ?? Number.POSITIVE_INFINITY);
});

test("a removal leaves what the user made, and says so", () => {
  expect(written("left").split("\n")).toEqual(expect.arrayContaining([".config/atoll/vms/home.yaml"]));
  expect(written("left")).toMatch(/^\.local\/state\/atoll\/vms\/.+qcow2$/m);
  expect(written("purge")).toContain("~/.local/state/atoll  the VMs' disks");
});
