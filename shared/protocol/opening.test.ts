import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import type { WireMessageOf } from "./header.ts";
import {
  MAX_APP_ID_BYTES,
  MAX_CHOSEN_FILES,
  MAX_CLIP_TYPE_BYTES,
  MAX_OPENS_WANTED,
  MAX_SCAN_PATHS,
  MAX_SCANS_WANTED,
  MAX_URL_BYTES,
} from "./limits.ts";
import { WantedTable } from "./opening.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (wanted: number, fields: object = { url: "https://a/" }): WireMessageOf<"openWanted"> =>
  ({
    wanted,
    url: "",
    path: new Uint8Array(0),
    mimeType: "",
    edit: false,
    disposable: false,
    noProgram: false,
    ...fields,
  }) as WireMessageOf<"openWanted">;
const send = (wanted: number, paths: Uint8Array[], count = paths.length): WireMessageOf<"sendWanted"> =>
  ({ wanted, paths, to: "", count }) as WireMessageOf<"sendWanted">;
const scan = (wanted: number, paths: Uint8Array[] = [bytes("/a")]): WireMessageOf<"scanWanted"> =>
  ({ wanted, paths }) as WireMessageOf<"scanWanted">;
const dropped = (wanted: number): WireMessageOf<"scanDropped"> => ({ wanted }) as WireMessageOf<"scanDropped">;

describe("what a program wants", () => {
  it("is a link or a file, never both and never neither", () => {
    const table = new WantedTable();
    expect(table.acceptOpen(open(1)).target).toEqual({ kind: "url", url: "https://a/" });
    const file = open(2, { path: bytes("/a b"), mimeType: "text/plain", edit: true });
    expect(table.acceptOpen(file)).toEqual({
      wanted: 2,
      target: { kind: "file", path: bytes("/a b"), mimeType: "text/plain" },
      edit: true,
      disposable: false,
      noProgram: false,
    });
    expect(table.acceptOpen(open(3, { url: "https://a/", disposable: true }))).toMatchObject({ disposable: true });
    expect(table.acceptOpen(open(4, { url: "https://a/", noProgram: true }))).toMatchObject({ noProgram: true });
    expect(codeOf(() => table.acceptOpen(open(5, { url: "https://a/", path: bytes("/a") })))).toBe("unknown-type");
    expect(codeOf(() => table.acceptOpen(open(5, {})))).toBe("unknown-type");
  });

  it("has a number above all before it, whether it is to be opened or to be sent", () => {
    const table = new WantedTable();
    table.acceptOpen(open(4));
    expect(codeOf(() => table.acceptSend(send(4, [bytes("/a")])))).toBe("number-out-of-range");
    table.acceptSend(send(5, [bytes("/a")]));
    expect(codeOf(() => table.acceptOpen(open(5)))).toBe("number-out-of-range");
  });

  it("is answered once, as what it is", () => {
    const table = new WantedTable();
    table.acceptOpen(open(1));
    table.acceptSend(send(2, [bytes("/a")]));
    expect([table.answer(1, "send"), table.answer(1, "open"), table.answer(1, "open")]).toEqual([false, true, false]);
    expect([table.answer(2, "open"), table.answer(2, "send"), table.answer(3, "send")]).toEqual([false, true, false]);
  });

  it("names no fewer files than it counts", () => {
    const paths = [bytes("/a"), bytes("/b")];
    expect(codeOf(() => new WantedTable().acceptSend(send(1, paths, 1)))).toBe("number-out-of-range");
    expect(new WantedTable().acceptSend(send(1, paths, 3))).toEqual({ wanted: 1, paths, to: "", count: 3 });
  });

  it("is so long, and so many, as it may be", () => {
    const table = new WantedTable();
    const url = "x".repeat(MAX_URL_BYTES);
    const mimeType = "x".repeat(MAX_CLIP_TYPE_BYTES);
    const to = "x".repeat(MAX_APP_ID_BYTES);
    const path = bytes("/a");
    const paths = Array.from({ length: MAX_CHOSEN_FILES }, () => path);
    for (const [wanted, outcome] of [
      [() => table.acceptOpen(open(1, { url: `${url}x` })), "text-too-long"],
      [() => table.acceptOpen(open(1, { path, mimeType: `${mimeType}x` })), "text-too-long"],
      [() => table.acceptOpen(open(1, { path: bytes("a") })), "bad-path"],
      [() => table.acceptSend({ ...send(1, [path]), to: `${to}x` }), "text-too-long"],
      [() => table.acceptSend(send(1, [])), "number-out-of-range"],
      [() => table.acceptSend(send(1, [path, bytes("a")])), "bad-path"],
      [() => table.acceptSend(send(1, [path], MAX_CHOSEN_FILES + 1)), "number-out-of-range"],
      [() => table.acceptOpen(open(0)), "number-out-of-range"],
      // None of those has begun.
      [() => table.acceptOpen(open(1, { url })), "accepted"],
      [() => table.acceptOpen(open(2, { path, mimeType })), "accepted"],
      [() => table.acceptSend({ ...send(3, paths), to }), "accepted"],
    ] as const)
      expect(codeOf(wanted)).toBe(outcome);
  });

  it("waits for an answer so many times at once", () => {
    const table = new WantedTable();
    for (let wanted = 1; wanted <= MAX_OPENS_WANTED; wanted += 1) table.acceptOpen(open(wanted));
    const next = MAX_OPENS_WANTED + 1;
    expect(codeOf(() => table.acceptOpen(open(next)))).toBe("quota");
    expect(codeOf(() => table.acceptSend(send(next, [bytes("/a")])))).toBe("quota");
    table.answer(1, "open");
    expect(codeOf(() => table.acceptSend(send(next, [bytes("/a")])))).toBe("accepted");
  });
});

describe("a scan that a program wants", () => {
  it("has some absolute paths, and is answered once", () => {
    const table = new WantedTable();
    const paths = Array.from({ length: MAX_SCAN_PATHS }, () => bytes("/a\n"));
    expect(codeOf(() => table.acceptScan(scan(1, [])))).toBe("number-out-of-range");
    expect(codeOf(() => table.acceptScan(scan(1, [...paths, bytes("/a")])))).toBe("number-out-of-range");
    for (const path of ["", "a", "/a\0b"])
      expect(codeOf(() => table.acceptScan(scan(1, [bytes("/a"), bytes(path)])))).toBe("bad-path");
    expect(table.acceptScan(scan(1, paths))).toEqual({ wanted: 1, paths });
    expect([table.answer(1, "open"), table.answer(1, "scan"), table.answer(1, "scan")]).toEqual([false, true, false]);
  });

  it("waits for its answer beside few others", () => {
    const table = new WantedTable();
    table.acceptOpen(open(1));
    for (let at = 0; at < MAX_SCANS_WANTED; at += 1) table.acceptScan(scan(at + 2));
    const next = MAX_SCANS_WANTED + 2;
    expect(codeOf(() => table.acceptScan(scan(next)))).toBe("quota");
    expect(codeOf(() => table.acceptOpen(open(next)))).toBe("accepted");
    expect(table.acceptScanDropped(dropped(2))).toBe(true);
    expect(codeOf(() => table.acceptScan(scan(next + 1)))).toBe("accepted");
  });

  it("is dropped once, also when its answer has crossed that, and nothing else is dropped so", () => {
    const table = new WantedTable();
    table.acceptScan(scan(1));
    table.acceptScan(scan(2));
    table.acceptSend(send(3, [bytes("/a")]));
    table.answer(2, "scan");
    expect([1, 1, 2].map((wanted) => table.acceptScanDropped(dropped(wanted)))).toEqual([true, false, false]);
    expect(table.answer(1, "scan")).toBe(false);
    expect([0, 4].map((wanted) => codeOf(() => table.acceptScanDropped(dropped(wanted))))).toEqual([
      "unknown-request",
      "unknown-request",
    ]);
    expect(codeOf(() => table.acceptScanDropped(dropped(3)))).toBe("wrong-state");
    expect(table.answer(3, "send")).toBe(true);
  });
});

/** Written apart from the table, from its rules. */
it("requests wait and end as the rules say, through any sequence", () => {
  const step = fc.record({
    what: fc.constantFrom("open", "send", "scan", "drop", "answer"),
    kind: fc.constantFrom("open" as const, "send" as const, "scan" as const),
    number: fc.integer({ min: 0, max: 90 }),
    next: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: "max" }), (steps) => {
      const table = new WantedTable();
      const waiting = new Map<number, string>();
      let last = 0;
      for (const { what, kind, number, next } of steps) {
        const wanted = next ? last + 1 : number;
        if (what === "answer") {
          const isDue = waiting.get(wanted) === kind;
          expect(table.answer(wanted, kind)).toBe(isDue);
          if (isDue) waiting.delete(wanted);
        } else if (what === "drop") {
          const isKnown = wanted >= 1 && wanted <= last;
          const isScan = (waiting.get(wanted) ?? "scan") === "scan";
          const due = isKnown ? (isScan ? "accepted" : "wrong-state") : "unknown-request";
          const wasWaiting = waiting.has(wanted);
          expect(codeOf(() => expect(table.acceptScanDropped(dropped(wanted))).toBe(wasWaiting))).toBe(due);
          if (due === "accepted") waiting.delete(wanted);
        } else {
          const scans = [...waiting.values()].filter((one) => one === "scan").length;
          const isFull = waiting.size >= MAX_OPENS_WANTED || (what === "scan" && scans >= MAX_SCANS_WANTED);
          const due = wanted <= last ? "number-out-of-range" : isFull ? "quota" : "accepted";
          const accept = {
            open: () => table.acceptOpen(open(wanted)),
            send: () => table.acceptSend(send(wanted, [bytes("/a")])),
            scan: () => table.acceptScan(scan(wanted)),
          }[what];
          expect(codeOf(accept)).toBe(due);
          if (due !== "accepted") continue;
          last = wanted;
          waiting.set(wanted, what);
        }
      }
    }),
  );
});
