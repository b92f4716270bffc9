// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { QuarantinedFile } from "#shared/model/quarantine.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { click, draw, type Drawn, textsOf } from "../../ui/testing.tsx";
import { QuarantinePanel } from "./QuarantinePanel.tsx";

let drawn: Drawn;
let asked: [string, unknown][];
let files: QuarantinedFile[];

const vm = (name: string) =>
  ({ kind: "vm", id: name as VmId, name, label: "coral", role: "app" }) satisfies QuarantinedFile["from"];

function file(change: Partial<QuarantinedFile> = {}): QuarantinedFile {
  const engine = { name: "ClamAV", version: "1.4.3", signatures: "set-1", verdict: "found", reason: null } as const;
  return {
    id: 1,
    path: "in/eicar\u202e.com",
    bytes: 68,
    from: vm("web"),
    to: vm("home"),
    time: "2026-11-28T09:49:00.000Z",
    service: "antivirus",
    state: "kept",
    sha256: "ab".repeat(32),
    verdict: "found",
    engines: [
      { ...engine, signature: "Eicar" },
      { ...engine, name: "YARA", verdict: "suspicious", signature: null, reason: "it is odd", signatures: null },
    ],
    now: null,
    ...change,
  };
}

const bridge = {
  request: async () => ({ ok: true, value: files }),
  on: () => () => undefined,
} as unknown as AtollBridge;

async function show(...list: QuarantinedFile[]): Promise<void> {
  files = list;
  const shell = testShell({ bridge, send: (...[name, input]) => void asked.push([name, input]) });
  const panel = (
    <ShellContext value={shell}>
      <QuarantinePanel title="Quarantine" service="antivirus" />
    </ShellContext>
  );
  drawn = await draw(panel);
  await drawn.again(panel);
}

beforeEach(() => void (asked = []));
afterEach(() => drawn.remove());

it("says what was kept, from where and for whom, and what each engine has said", async () => {
  await show(file(), file({ id: 2, service: "other" }));
  expect(textsOf(".quarantine-head strong")).toEqual(["“in/eicarU+202E.com”"]);
  expect(textsOf(".quarantine-head > span")[0]).toMatch(/^68 bytes from web  home, 28 Nov 2026/);
  expect(textsOf(".quarantine-engines > li")).toEqual([
    "ClamAV found“Eicar”1.4.3, signatures set-1",
    "YARA suspicious“it is odd”1.4.3",
  ]);
  expect(textsOf(".quarantine-digest")).toEqual(["ab".repeat(32)]);
});

it("restores at a click, as main asks, and deletes at a second one", async () => {
  await show(file());
  await click("button", "Restore to home…");
  await click("button", "Delete…");
  await click("button", "Keep");
  await click("button", "Delete…");
  await click("button", "Delete");
  expect(asked).toEqual([
    ["quarantine.restore", { id: 1 }],
    ["quarantine.delete", { id: 1 }],
  ]);
});

it("offers what can be done: nothing while its scanner is off, to delete what that has lost", async () => {
  await show(file({ state: "away" }), file({ id: 2, state: "gone", to: null }), file({ id: 3, to: null }));
  expect(textsOf(".quarantine button")).toEqual(["Delete…", "Restore to web…", "Delete…"]);
  expect(textsOf(".quarantine li > p")).toEqual([
    "Start the service to restore or delete it.",
    "The service’s VM does not have it any more.",
  ]);
});

it("says what would be here where nothing is", async () => {
  await show();
  expect(textsOf(".quarantine > p")).toEqual([
    "Nothing is in quarantine. A copy of what is held, or found in a scan, is kept here.",
  ]);
});

it("says what it is with new signatures beside what it was kept for, and offers to restore what is clean", async () => {
  const [engine] = file().engines;
  if (engine === undefined) return expect.unreachable("no engine");
  const clean = { ...engine, verdict: "clean", signature: null, signatures: "set-2" } as const;
  const now = { verdict: "clean", engines: [clean], time: "2026-11-29T10:00:00.000Z" } as const;
  await show(
    file({ now: { ...now, engines: [clean] } }),
    file({ id: 2, now: { ...now, verdict: "suspicious", engines: [] } }),
  );
  expect(textsOf(".quarantine-later > p b")).toEqual([
    "With new signatures nothing is found in it",
    "With new signatures it is something else",
  ]);
  expect(textsOf(".quarantine-later li")).toEqual(["ClamAV clean1.4.3, signatures set-2"]);
  expect(textsOf(".quarantine-engines > li")).toContain("ClamAV found“Eicar”1.4.3, signatures set-1");
  const kinds = [...document.querySelectorAll(".service-actions > button:first-child")];
  expect(kinds.map((one) => one.getAttribute("data-kind"))).toEqual(["main", null]);
});
