import { expect, it } from "vitest";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import type { ScanVerdict } from "#shared/model/scan.ts";
import { ScanSummary } from "./scan-summary.ts";

const file = (path: string, verdict: ScanVerdict, reason = "x"): ScannedFile => ({
  path,
  sha256: null,
  verdict,
  engines: [{ name: "ClamAV", version: "1", signatures: "s", verdict, signature: null, reason }],
});
const many = (count: number, verdict: ScanVerdict): ScannedFile[] =>
  Array.from({ length: count }, (_, at) => file(`/home/user/${String(at).padStart(6, "0")}`, verdict));

it("names what is not clean first, and shows the worst", () => {
  const summary = new ScanSummary();
  summary.add([file("/a", "clean"), file("/b", "not-scanned", "e\u202em\npty"), file("/c", "found")]);
  expect(summary.answer).toEqual({
    verdict: "found",
    files: [
      { path: "/b", verdict: "not-scanned", why: "it was not scanned: em pty (ClamAV)" },
      { path: "/c", verdict: "found", why: "malware was found in it (ClamAV)" },
      { path: "/a", verdict: "clean", why: "" },
    ],
    detail: "",
  });
  expect(summary.shown).toEqual({ path: "/c", words: "malware was found in it (ClamAV)", others: 1 });
});

it("of nothing is not clean, and of clean ones the first is shown", () => {
  expect([new ScanSummary().answer, new ScanSummary().shown]).toEqual([
    { verdict: "not-scanned", files: [], detail: "" },
    null,
  ]);
  const summary = new ScanSummary();
  summary.add(many(3, "clean"));
  expect(summary.shown).toEqual({ path: "/home/user/000000", words: "", others: 2 });
});

it("names as many as a message holds, and counts the others", () => {
  const summary = new ScanSummary();
  summary.add(many(100_000, "clean"));
  summary.add(many(50_000, "suspicious"));
  const { files, detail, verdict } = summary.answer;
  const bytes = files.reduce((sum, { path, why }) => sum + path.length + why.length + 16, 0);
  expect(bytes).toBeLessThanOrEqual(32 * 1024);
  expect(files.every((one) => one.verdict === "suspicious")).toBe(true);
  expect([verdict, detail]).toEqual([
    "suspicious",
    `${50_000 - files.length} more files are not clean. 100000 more files are clean.`,
  ]);
  const other = new ScanSummary();
  other.add([file("/z", "found")]);
  other.join(summary);
  expect(other.shown).toMatchObject({ path: "/z", others: 50_000 });
});
