import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import { tries } from "../testing/tries.ts";
import { ClipTable } from "./clipboard.ts";
import { Selection } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_CLIP_TYPE_BYTES, MAX_CLIP_TYPES, MAX_PASTES } from "./limits.ts";

const [TEXT, HTML] = ["text/plain;charset=utf-8", "text/html"];

describe("what was sent ahead", () => {
  it("is taken once, and what is taken longest ago is forgotten first", () => {
    const table = new ClipTable();
    const take = (stream: number): string => codeOf(() => table.acceptTaken({ stream } as WireMessageOf<"pasteTaken">));
    for (let stream = 1; stream <= 257; stream += 1) table.sentAhead(stream);
    expect([1, 2, 2, 257, 258].map(take)).toEqual([
      "unknown-stream",
      "accepted",
      "wrong-state",
      "accepted",
      "unknown-stream",
    ]);
  });
});

describe("an offer", () => {
  const offered = (
    generation: number,
    types: string[],
    selection = Selection.CLIPBOARD,
  ): WireMessageOf<"clipOffered"> => ({ selection, generation, types }) as WireMessageOf<"clipOffered">;

  it("has so many types, each of so many bytes", () => {
    const table = new ClipTable();
    const types = Array.from({ length: MAX_CLIP_TYPES }, (_, at) => `${at}`.padEnd(MAX_CLIP_TYPE_BYTES, "x"));
    expect(codeOf(() => table.acceptOffered(offered(1, [...types, "x"])))).toBe("quota");
    expect(codeOf(() => table.acceptOffered(offered(1, [`${types[0] ?? ""}x`])))).toBe("text-too-long");
    expect(codeOf(() => table.acceptOffered(offered(0, types)))).toBe("number-out-of-range");
    expect(table.acceptOffered(offered(1, types))).toEqual({ selection: "clipboard", generation: 1, types });
    expect(codeOf(() => table.acceptOffered(offered(1, [])))).toBe("number-out-of-range");
  });

  it("names types that could be asked for, each once", () => {
    const types = ["a", "a b", "~", "!", "", " a", "a ", "a\u0000", "a\n", "\u007f", "é", "a"];
    expect(new ClipTable().acceptOffered(offered(1, types, Selection.PRIMARY))).toEqual({
      selection: "primary",
      generation: 1,
      types: ["a", "a b", "~", "!"],
    });
    expect(codeOf(() => new ClipTable().acceptOffered(offered(1, [], 7 as Selection)))).toBe("number-out-of-range");
  });
});

it("so many requests to paste wait at once", () => {
  const table = new ClipTable();
  table.announce("clipboard", 1, [TEXT]);
  const want = (request: number): string =>
    codeOf(() => table.acceptWanted({ request, offer: 1, type: TEXT } as WireMessageOf<"pasteWanted">));
  for (let request = 1; request <= MAX_PASTES; request += 1) expect(want(request)).toBe("accepted");
  expect(want(MAX_PASTES + 1)).toBe("quota");
  table.answer(1);
  expect(want(MAX_PASTES + 1)).toBe("accepted");
});

it("a request to paste names its type in so many bytes", () => {
  const table = new ClipTable();
  const type = "x".repeat(MAX_CLIP_TYPE_BYTES);
  table.announce("primary", 1, [type, `${type}x`]);
  const wanted = (name: string): WireMessageOf<"pasteWanted"> =>
    ({ request: 1, offer: 1, type: name }) as WireMessageOf<"pasteWanted">;
  expect(codeOf(() => table.acceptWanted(wanted(`${type}x`)))).toBe("text-too-long");
  expect(table.acceptWanted(wanted(type))).toEqual({ request: 1, offer: 1, selection: "primary", type });
});

describe("an announcement", () => {
  it("is over with the next one of its selection, and stays beside that of the other", () => {
    const table = new ClipTable();
    table.announce("clipboard", 1, [TEXT]);
    table.announce("primary", 2, [HTML]);
    expect([table.isAnnounced(1, TEXT), table.isAnnounced(1, HTML), table.isAnnounced(2, HTML)]).toEqual([
      true,
      false,
      true,
    ]);
    table.announce("clipboard", 3, []);
    expect([table.isAnnounced(1, TEXT), table.isAnnounced(3, TEXT), table.isAnnounced(2, HTML)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

/** What atoll.proto says of the clipboard, as plainly as it can be said. */
class Model {
  readonly generations = [0, 0, 0];
  lastOffer = 0;
  lastRequest = 0;
  readonly current = new Map<string, { offer: number; types: readonly string[] }>();
  readonly waiting = new Set<number>();
  readonly ahead = new Set<number>();
  readonly taken = new Set<number>();

  offered(selection: number, generation: number): string {
    if (selection < 1 || selection > 2) return "number-out-of-range";
    if (generation <= (this.generations[selection] ?? 0)) return "number-out-of-range";
    this.generations[selection] = generation;
    return "accepted";
  }

  wanted(request: number, offer: number, type: string): string {
    if (request <= this.lastRequest) return "number-out-of-range";
    if (offer < 1 || offer > this.lastOffer) return "unknown-offer";
    const announced = [...this.current.values()].find((one) => one.offer === offer);
    if (announced !== undefined && !announced.types.includes(type)) return "unknown-type";
    if (this.waiting.size >= MAX_PASTES) return "quota";
    this.lastRequest = request;
    this.waiting.add(request);
    return announced === undefined ? "over" : "accepted";
  }

  dropped(request: number): string {
    if (request < 1 || request > this.lastRequest) return "unknown-request";
    return this.waiting.delete(request) ? "accepted" : "late";
  }

  take(stream: number): string {
    if (!this.ahead.has(stream)) return "unknown-stream";
    if (this.taken.has(stream)) return "wrong-state";
    this.taken.add(stream);
    return "accepted";
  }
}

it("offers and requests live as the model says, through any sequence", () => {
  const number = fc.nat(8);
  const requests = Array.from({ length: 9 }, (_, request) => request);
  const step = fc.record({
    what: fc.constantFrom("announce", "answer", "ahead", "offered", "wanted", "dropped", "taken"),
    selection: fc.constantFrom("clipboard" as const, "primary" as const),
    wireSelection: fc.nat(3),
    number,
    other: number,
    types: fc.subarray([TEXT, HTML]),
    type: fc.constantFrom(TEXT, HTML),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const [table, model] = [new ClipTable(), new Model()];
      for (const { what, selection, wireSelection, number: one, other, types, type } of steps) {
        if (what === "announce") {
          model.lastOffer += 1;
          model.current.set(selection, { offer: model.lastOffer, types });
          table.announce(selection, model.lastOffer, types);
        } else if (what === "answer") expect(table.answer(one)).toBe(model.waiting.delete(one));
        else if (what === "ahead") {
          if (!model.ahead.has(one)) table.sentAhead(one);
          model.ahead.add(one);
        } else if (what === "offered") {
          const message = { selection: wireSelection, generation: one, types: [] as string[] };
          const outcome = codeOf(() => table.acceptOffered(message as unknown as WireMessageOf<"clipOffered">));
          expect(outcome).toBe(model.offered(wireSelection, one));
        } else if (what === "wanted") {
          let accepted: unknown;
          const code = codeOf(() => {
            accepted = table.acceptWanted({ request: one, offer: other, type } as WireMessageOf<"pasteWanted">);
          });
          expect(accepted === null ? "over" : code).toBe(model.wanted(one, other, type));
        } else if (what === "dropped") {
          let isReported: unknown;
          const code = codeOf(
            () => (isReported = table.acceptDropped({ request: one } as WireMessageOf<"pasteDropped">)),
          );
          expect(isReported === false ? "late" : code).toBe(model.dropped(one));
        } else
          expect(codeOf(() => table.acceptTaken({ stream: one } as WireMessageOf<"pasteTaken">))).toBe(model.take(one));
        // One comparison: half a million of them took longer than all else.
        expect(requests.filter((request) => table.isWaiting(request))).toEqual(
          requests.filter((request) => model.waiting.has(request)),
        );
      }
    }),
    tries(2000),
  );
});
