import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CLIP_SELECTIONS } from "#shared/model/clip.ts";
import { tries } from "#shared/testing/tries.ts";
import { MAX_HELD, PASTE_HOLD_MS, PasteHold } from "./paste-hold.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let hold: PasteHold;
let acted: string[] = [];
beforeEach(() => {
  acted = [];
  hold = new PasteHold();
  hold.setForeign("clipboard", true);
});

function take(...names: string[]): void {
  for (const name of names) hold.take(() => void acted.push(name));
}

/** What has acted since it was last asked. */
function said(): string {
  return acted.splice(0).join(" ");
}

describe("behind a chord", () => {
  beforeEach(() => {
    hold.chord(1, "clipboard");
    take("b", "c");
  });

  it("input waits until what it pastes is there", () => {
    hold.settle(1);
    expect(said()).toBe("b c");
    take("d");
    expect(said()).toBe("d");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("input waits for so long, and no longer", () => {
    vi.advanceTimersByTime(PASTE_HOLD_MS - 1);
    take("d");
    expect(said()).toBe("");
    vi.advanceTimersByTime(1);
    expect(said()).toBe("b c d");
    take("e");
    expect(said()).toBe("e");
  });

  it("input waits no longer when there is nothing of another VM to paste any more", () => {
    hold.setForeign("clipboard", false);
    expect(said()).toBe("b c");
  });

  it("input waits until it is let go", () => {
    hold.flush();
    expect(said()).toBe("b c");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("as much waits as may, and not more", () => {
    const names = Array.from({ length: MAX_HELD - 4 }, (_, at) => `${at}`);
    take(...names);
    expect(said()).toBe("");
    take("last");
    expect(said()).toBe("");
    take("one more");
    expect(said()).toBe(["b", "c", ...names, "last", "one more"].join(" "));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("as many chords wait as may, and not more", () => {
    for (let chord = 2; chord <= MAX_HELD - 2; chord += 1) hold.chord(chord, "clipboard");
    expect(said()).toBe("");
    hold.chord(MAX_HELD - 1, "clipboard");
    expect(said()).toBe("b c");
  });

  it("that was settled before does not count for the next one, each of which has its own time", () => {
    vi.advanceTimersByTime(PASTE_HOLD_MS - 50);
    hold.chord(2, "clipboard");
    take("d");
    vi.advanceTimersByTime(50);
    expect(said()).toBe("b c");
    vi.advanceTimersByTime(PASTE_HOLD_MS - 51);
    expect(said()).toBe("");
    hold.settle(2);
    expect(said()).toBe("d");
  });

  it("input waits for its own chord, also when a later one is settled before: then that one waits for nothing", () => {
    hold.chord(2, "clipboard");
    take("d");
    hold.settle(2);
    expect(said()).toBe("");
    hold.settle(1);
    expect(said()).toBe("b c d");
  });

  it("input waits on when nothing marked with the mouse can be pasted any more", () => {
    hold.setForeign("primary", true);
    hold.setForeign("primary", false);
    expect(said()).toBe("");
  });
});

describe("of the two selections each holds its own chords", () => {
  it("only what was marked with the mouse is there", () => {
    hold.setForeign("clipboard", false);
    hold.setForeign("primary", true);
    hold.chord(1, "clipboard");
    take("a");
    expect(said()).toBe("a");
    hold.chord(2, "primary");
    take("b");
    expect(said()).toBe("");
    hold.settle(2);
    expect(said()).toBe("b");
  });

  it("only what was copied is there", () => {
    hold.chord(1, "primary");
    take("a");
    expect(said()).toBe("a");
  });
});

it("nothing waits behind a chord when nothing of another VM can be pasted", () => {
  hold.setForeign("clipboard", false);
  hold.chord(1, "clipboard");
  take("a");
  expect(said()).toBe("a");
});

it("nothing waits behind a chord that main has settled before it came, whatever of an earlier one is settled later", () => {
  hold.settle(2);
  hold.settle(1);
  hold.chord(2, "clipboard");
  take("a");
  expect(said()).toBe("a");
});

it("nothing waits behind chords that main has settled before any of them came", () => {
  hold.settle(1);
  hold.settle(2);
  hold.chord(1, "clipboard");
  take("a");
  hold.chord(2, "clipboard");
  take("b");
  expect(said()).toBe("a b");
});

it("a chord that is settled more than once says nothing of the next one", () => {
  hold.chord(1, "clipboard");
  hold.settle(1);
  hold.settle(1);
  hold.chord(2, "clipboard");
  take("a");
  expect(said()).toBe("");
});

it("a page counts its chords from the beginning", () => {
  hold.settle(9);
  hold.chord(10, "clipboard");
  take("a");
  hold.begin();
  expect(said()).toBe("a");
  hold.chord(1, "clipboard");
  take("b");
  expect(said()).toBe("");
});

it("what acts may end all of it", () => {
  hold.chord(1, "clipboard");
  hold.take(() => {
    acted.push("a");
    hold.flush();
  });
  take("b", "c");
  hold.settle(1);
  expect(said()).toBe("a b c");
});

it("all input acts, once, in its order, and none waits for longer than it may", () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("chord" as const), selection: fc.constantFrom(...CLIP_SELECTIONS) }),
    },
    fc.record({ kind: fc.constant("settle" as const), back: fc.nat(3) }),
    fc.record({
      kind: fc.constant("foreign" as const),
      selection: fc.constantFrom(...CLIP_SELECTIONS),
      isForeign: fc.boolean(),
    }),
    fc.record({ kind: fc.constant("pass" as const), ms: fc.nat(PASTE_HOLD_MS + 20) }),
    fc.record({ kind: fc.constant("flush" as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const tried = new PasteHold();
      for (const selection of CLIP_SELECTIONS) tried.setForeign(selection, true);
      let [taken, chord] = [0, 0];
      const done: { at: number; waitedMs: number }[] = [];
      for (const one of steps) {
        if (one.kind === "take") {
          const [at, sinceMs] = [taken, performance.now()];
          taken += 1;
          tried.take(() => void done.push({ at, waitedMs: performance.now() - sinceMs }));
        } else if (one.kind === "chord") tried.chord((chord += 1), one.selection);
        else if (one.kind === "settle") tried.settle(Math.max(0, chord - one.back));
        else if (one.kind === "foreign") tried.setForeign(one.selection, one.isForeign);
        else if (one.kind === "pass") vi.advanceTimersByTime(one.ms);
        else tried.flush();
      }
      vi.advanceTimersByTime(PASTE_HOLD_MS);
      expect(done.map(({ at }) => at)).toEqual(Array.from({ length: taken }, (_, at) => at));
      for (const { waitedMs } of done) expect(waitedMs).toBeLessThanOrEqual(PASTE_HOLD_MS);
      expect(vi.getTimerCount()).toBe(0);
    }),
    tries(300),
  );
});
