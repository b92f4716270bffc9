// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it } from "vitest";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { AuditEntry } from "#shared/model/crossing.ts";
import type { VmId } from "#shared/model/vm.ts";
import { ShellContext } from "../../shell/shell.ts";
import { testShell } from "../../shell/testing.ts";
import { draw, type Drawn, textsOf } from "../../ui/testing.tsx";
import { TimelineEntry } from "./TimelineEntry.tsx";

const HOME = { kind: "vm", id: "home" as VmId, name: "home", label: "lagoon", role: "app" } as const;
const SENT: AuditEntry = {
  ...{ seq: 2, time: "2026-11-30T10:00:00.000Z", action: "file.send", from: HOME, to: { kind: "host" }, type: null },
  ...{ bytes: 68, characters: null, decision: "allow", rule: { line: 7, text: "all of it" }, by: "rule", detail: "" },
};
const SCANNED: AuditEntry = {
  ...SENT,
  ...{ action: "file.scan", to: { kind: "service", name: "antivirus" }, rule: null, by: "scanner" },
  detail: "eicar.com: with new signatures, nothing is found in it; before, Eicar was found in it (ClamAV)",
};

let asked: string[];
let drawn: Drawn | null;
beforeEach(() => {
  [asked, drawn] = [[], null];
});
afterEach(() => drawn?.remove());

async function drawEntry(entry: AuditEntry): Promise<void> {
  const bridge = {
    on: () => () => undefined,
    request: async (name: string) => {
      asked.push(name);
      return {
        ok: true,
        value: { rows: [{ word: "home" }], columns: [{ word: "@host" }], cells: [[{ isOwn: false }]] },
      };
    },
  } as unknown as AtollBridge;
  drawn = await draw(
    <ShellContext value={testShell({ bridge })}>
      <TimelineEntry entry={entry} isOpen toggle={() => undefined} showPair={() => undefined} />
    </ShellContext>,
  );
}

it("of a crossing says which rule decided, and offers to make one", async () => {
  await drawEntry(SENT);
  expect(textsOf(".entry-verdict")).toEqual(["allowedline 7"]);
  expect(textsOf(".entry-details dt")).toEqual(["Rule", "When", "Entry"]);
  expect([textsOf(".entry-details button"), asked]).toEqual([["Make a rule"], ["policy.matrix"]]);
});

it.each([
  ["allow", "clean", "allowed"],
  ["deny", "found", "denied"],
] as const)(
  "of a scan that decides %s says %s, by which scanner's word, and asks for no rule",
  async (decision, word, colour) => {
    await drawEntry({ ...SCANNED, decision });
    expect(textsOf(".entry-verdict")).toEqual([`${word}scanner`]);
    expect(document.querySelector(".entry-verdict b")?.getAttribute("data-decision")).toBe(colour);
    expect(textsOf(".entry-what")).toEqual(["file, 68 bytes"]);
    expect(textsOf(".entry-details dd")[0]).toContain("nothing is found in it");
    expect([textsOf(".entry-details dt"), textsOf(".entry-details button"), asked]).toEqual([
      ["Detail", "When", "Entry"],
      [],
      [],
    ]);
  },
);
