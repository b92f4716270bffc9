/** The first start of the installed package where there is no template yet: it builds one by itself, as an ordinary user. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { type CleanRoot, HOME_RUNS, INSTALL, makeCleanRoot, makePackage } from "./support/clean-root.ts";

const LIMIT_S = 2_400;

const ROOT = `${INSTALL}
as_user bash -e /work/first.sh
ls -A /tmp /var/tmp > /work/temporary
`;
/** Packages come from Debian's mirrors. There is nothing to compile anything with. */
const FIRST = `${HOME_RUNS}
for tool in node npm cargo rustc gcc cc git; do command -v $tool && exit 1; done
test ! -e ~/.cache/atoll/templates
atoll desktop &
home_runs
atoll exec home -- cat /etc/os-release > /work/os-release
atoll vm list --json > /work/vms.json
# That of web is being built: it is cancelled.
atoll quit --stop-vms
wait
`;

let root: CleanRoot;

test.skip(process.getuid?.() !== 0, "only root can make another root");

test.beforeAll(async () => {
  test.setTimeout(900_000);
  root = makeCleanRoot(makePackage(), false);
  for (const [name, content] of Object.entries({ "root.sh": ROOT, "first.sh": FIRST }))
    fs.writeFileSync(path.join(root.work, name), content);
});

test.afterAll(() => root.remove());

test("the application builds the template of its first VM, which starts, and leaves nothing else behind", async () => {
  test.setTimeout((LIMIT_S + 60) * 1000);
  expect(await root.run("root.sh", LIMIT_S * 1000)).toBe(0);
  const written = (name: string): string => fs.readFileSync(path.join(root.work, name), "utf8");
  expect(written("os-release")).toContain("VERSION_CODENAME=trixie");
  const vms = JSON.parse(written("vms.json")) as VmView[];
  expect(vms).toContainEqual(expect.objectContaining({ name: "home", template: "debian", state: "running" }));
  expect(written("temporary")).not.toContain("atoll-build-");
});
