import { expect, it } from "vitest";
import type { TransferFile, TransferState, TransferView } from "#shared/model/transfer.ts";
import { transferView } from "./testing.ts";
import {
  countsWords,
  fileReason,
  fileWords,
  objectWords,
  paceWords,
  percentWords,
  progressWords,
  shareOf,
  underwayOf,
  verbsOf,
  waitingForPerson,
} from "./transfer-words.ts";

it.each<[TransferState, boolean, string]>([
  ["waiting", false, "cancel"],
  ["moving", true, "pause cancel"],
  ["paused", false, "resume cancel"],
  ["interrupted", false, "resume cancel"],
  ["done", false, ""],
  ["done", true, "retry"],
  ["failed", true, "retry"],
  ["denied", false, ""],
  ["cancelled", true, "retry"],
])("what can be done to one that is %s (it can be tried again: %s): %s", (state, canRetry, verbs) =>
  expect(verbsOf({ state, canRetry }).join(" ")).toBe(verbs),
);

it.each<[string, Partial<TransferView>, number]>([
  ["half of its bytes", { bytes: 10, doneBytes: 5 }, 0.5],
  ["empty files, by their count", { bytes: 0, doneBytes: 0, files: 4, doneFiles: 1 }, 0.25],
  ["nothing is known", { bytes: 0, doneBytes: 0, files: 0, doneFiles: 0 }, 0],
  ["more came than was said", { bytes: 10, doneBytes: 12 }, 1],
  ["done, though some were left out", { state: "done", bytes: 10, doneBytes: 2 }, 1],
])("its share: %s", (_case, change, share) => expect(shareOf(transferView(change))).toBe(share));

it.each([
  [0, "0 %"],
  [0.94, "94 %"],
  [0.999, "99 %"],
  [1, "100 %"],
])("%d is %s", (share, words) => expect(percentWords(share)).toBe(words));

it.each([
  [79_000_000, 131_000_000, "79 of 131 MB"],
  [6_400, 131_000_000, "6.4 kB of 131 MB"],
  [0, 812_000_000, "0 bytes of 812 MB"],
  [1, 1, "1 of 1 byte"],
])("%d of %d: %s", (done, bytes, words) => expect(progressWords(done, bytes)).toBe(words));

it.each<[string, Partial<TransferView>, string]>([
  ["it moves", {}, "79 of 131 MB · 6.4 MB/s · 8 s left"],
  ["it has just begun", { rate: null, remainingS: null }, "79 of 131 MB"],
  ["it stalls", { rate: 0, remainingS: null }, "79 of 131 MB · 0 bytes/s"],
  ["it is paused", { state: "paused" }, "79 of 131 MB"],
  ["its files are not listed yet", { state: "waiting", bytes: 0, doneBytes: 0 }, ""],
])("its pace where %s", (_case, change, words) => expect(paceWords(transferView(change)).join(" · ")).toBe(words));

it.each<[Partial<TransferView>, string]>([
  [{}, "2 of 8 files done"],
  [{ failed: 3 }, "2 of 8 files done, 3 did not arrive"],
  [{ state: "done", doneFiles: 8 }, "8 files done"],
  [{ state: "done", files: 1, doneFiles: 1 }, "1 file done"],
  [{ state: "waiting", files: 0, doneFiles: 0 }, "its files are being listed"],
  [{ state: "cancelled", files: 0, doneFiles: 0 }, "no files"],
])("%o counts as %s", (change, words) => expect(countsWords(transferView(change))).toBe(words));

it("a name is a quotation that neither ends early nor turns its neighbours around", () => {
  expect(objectWords({ name: "a”b\u202e\u05d0", chosen: 1 })).toBe("“\u2068a'b\u05d0\u2069”");
  expect(objectWords({ name: "x".repeat(300), chosen: 1 })).toBe(`“\u2068${"x".repeat(80)}…\u2069”`);
  expect(objectWords({ name: "photos", chosen: 4 })).toBe("“\u2068photos\u2069” and 3 more");
  expect([objectWords({ name: "", chosen: 1 }), objectWords({ name: "", chosen: 2 })]).toEqual(["a file", "2 files"]);
});

it.each<[Partial<TransferFile> & Pick<TransferFile, "state" | "reason">, string]>([
  [{ state: "whole", reason: null }, ""],
  [{ state: "whole", reason: null, isClean: true }, "scanned, clean"],
  [
    { state: "refused", reason: "scan.found", scan: "Eicar was found in it (ClamAV)" },
    "Eicar was found in it (ClamAV)",
  ],
  [{ state: "refused", reason: "scan.not-scanned" }, "held, as it could not be scanned"],
  [{ state: "same", reason: null }, "the same file was there already"],
  [{ state: "kept-both", reason: null }, "there was another file of its name: it has a new one"],
  [{ state: "skipped", reason: "symlink" }, "a symbolic link is not sent"],
])("the reason of %o: %s", (file, words) => expect(fileReason({ scan: "", isClean: false, ...file })).toBe(words));

it("what no scanner has passed is held, and not refused", () => {
  expect(fileWords({ state: "refused", reason: "scan.found" }).word).toBe("held");
  expect(fileWords({ state: "refused", reason: "scan.not-scanned" }).word).toBe("held");
  expect(fileWords({ state: "refused", reason: "name" }).word).toBe("refused");
});

it("what is under way is weighed by its bytes, and what has ended is not", () => {
  const two = [
    transferView({ bytes: 300, doneBytes: 0 }),
    transferView({ state: "paused", bytes: 100, doneBytes: 100 }),
    transferView({ state: "done", bytes: 900, doneBytes: 900 }),
  ];
  expect(underwayOf(two)).toEqual({ count: 2, share: 0.25, isHalted: false });
  expect(underwayOf(two.slice(1))).toEqual({ count: 1, share: 1, isHalted: true });
  expect(underwayOf(two.slice(2))).toBeNull();
  expect(underwayOf([transferView({ bytes: 0, files: 4, doneFiles: 1 })])?.share).toBe(0.25);
});

it("a person is waited for by what was interrupted", () => {
  expect(waitingForPerson([transferView({ state: "interrupted" }), transferView({ state: "failed" })])).toBe(1);
});
