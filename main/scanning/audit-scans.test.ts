/** What scanners say by themselves, as the audit log has it. The log is real. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { QuarantinedFile } from "#shared/model/quarantine.ts";
import type { FileVerdict, ScanVerdict } from "#shared/model/scan.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { readEntries, verify } from "../audit/audit-reader.ts";
import { Emitter } from "../base/emitter.ts";
import { linkedVm } from "../clipboard/testing/linked-vm.ts";
import type { Vm } from "../vms/vm.ts";
import { auditScans } from "./audit-scans.ts";
import type { QuarantineEvents } from "./quarantine.ts";
import { ENGINE, SHA } from "./testing/scripted-engine.ts";
import type { WatchedFoldersEvents } from "./watched-folders.ts";

let folder: string;
let audit: AuditLog;
let quarantine: Emitter<QuarantineEvents>;
let watchedFolders: Emitter<WatchedFoldersEvents>;
let home: Vm;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll audited scans "));
  audit = new AuditLog({ stateFolder: folder });
  [quarantine, watchedFolders] = [new Emitter(), new Emitter()];
  home = (await linkedVm("home")).vm;
  auditScans({ audit, quarantine, watchedFolders });
});
afterEach(async () => {
  vi.useRealTimers();
  await audit.close();
  fs.rmSync(folder, { recursive: true });
});

function said(verdict: ScanVerdict, signature: string | null = verdict === "found" ? "Eicar" : null): FileVerdict {
  return { sha256: SHA, verdict, engines: [{ ...ENGINE, verdict, signature, reason: null }] };
}

async function entries(): Promise<unknown[]> {
  const filter = { sinceS: null, action: null, from: null, to: null, decision: null, by: null, text: null };
  await audit.close();
  const { entries: all } = await readEntries(audit.parts, filter, { before: null, limit: 100, now: Date.now() });
  expect(await verify(audit.parts)).toMatchObject({ ok: true, entries: all.length });
  return all.toReversed();
}

const SCAN = { action: "file.scan", type: null, characters: null, rule: null, by: "scanner" };
const OF_HOME = { ...SCAN, from: { kind: "vm", name: "home" }, to: { kind: "service", name: "antivirus" } };

it("has what was found, and that new signatures take it back", async () => {
  watchedFolders.emit("found", home, { path: "Downloads/a\u202e", ...said("found") });
  watchedFolders.emit("cleared", home, { path: "Downloads/a\u202e", ...said("clean") }, said("found"));
  expect(await entries()).toMatchObject([
    { ...OF_HOME, decision: "deny", bytes: null, detail: "Downloads/a\\u{202e}: Eicar was found in it (ClamAV)" },
    {
      ...OF_HOME,
      decision: "allow",
      detail:
        "Downloads/a\\u{202e}: with new signatures, nothing is found in it; before, Eicar was found in it (ClamAV)",
    },
  ]);
});

it("has each file in quarantine of which something else is said, at the service that keeps it", async () => {
  const file = (id: number, first: ScanVerdict, now: ScanVerdict | null): QuarantinedFile => ({
    ...{ id, path: `in/f${id}`, bytes: 8, from: { kind: "host" }, to: null, time: "", service: "yara", state: "kept" },
    ...said(first),
    now: now === null ? null : { ...said(now), time: "" },
  });
  quarantine.emit("reviewed", [
    { file: file(1, "found", "clean"), before: said("found") },
    { file: file(2, "found", null), before: said("clean") },
    { file: file(3, "not-scanned", "suspicious"), before: said("not-scanned") },
  ]);
  const of = { ...SCAN, from: { kind: "host" }, to: { kind: "service", name: "yara" }, bytes: 8 };
  expect(await entries()).toMatchObject([
    {
      ...{ ...of, decision: "allow" },
      detail:
        "in/f1: in quarantine, with new signatures, nothing is found in it; before, Eicar was found in it (ClamAV)",
    },
    {
      ...{ ...of, decision: "deny" },
      detail:
        "in/f2: in quarantine, with new signatures, Eicar was found in it (ClamAV); before, nothing is found in it",
    },
    {
      ...of,
      decision: "deny",
      detail: expect.stringMatching(/^in\/f3: .* it looks suspicious: .* it was not scanned/) as string,
    },
  ]);
});

it("is not filled by a VM that brings about many, however long their names and signatures are", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  for (let at = 0; at < 1_000; at += 1)
    watchedFolders.emit("found", home, { path: `${at}${"ü".repeat(4_000)}`, ...said("found", "x".repeat(200)) });
  await vi.advanceTimersByTimeAsync(10_000);
  const all = await entries();
  expect(all).toHaveLength(22);
  expect(all.slice(-2)).toMatchObject([
    { detail: "one of many" },
    { detail: "one of many; 979 more times within 10 s" },
  ]);
  expect(Math.max(...all.map((one) => JSON.stringify(one).length))).toBeLessThan(2_000);
});
