import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tries } from "#shared/testing/tries.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES, MAX_STREAMS } from "./limits.ts";
import { StreamTable, type StreamWriter } from "./streams.ts";
import { ViolationError } from "./violation.ts";

const bytes = (length: number): Uint8Array => new Uint8Array(length);

/** What it returns, or the code of its violation. */
function outcomeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (thrown) {
    if (!(thrown instanceof ViolationError)) throw thrown;
    return thrown.violation.code;
  }
}

function opened(writer: StreamWriter): { table: StreamTable; stream: number } {
  const table = new StreamTable();
  return { table, stream: table.open(writer) ?? expect.unreachable("it cannot be opened") };
}

describe("a stream that the agent writes", () => {
  it.each([
    [0, 1, "no-credit"],
    [10, 10, true],
    [10, 11, "no-credit"],
    [10, 0, "quota"],
    [MAX_STREAM_CREDIT_BYTES, MAX_STREAM_CHUNK_BYTES, true],
    [MAX_STREAM_CREDIT_BYTES, MAX_STREAM_CHUNK_BYTES + 1, "quota"],
  ])("with a credit of %i bytes may send %i: %s", (credit, length, outcome) => {
    const { table, stream } = opened("agent");
    expect(table.grant(stream, credit)).toBe(credit);
    expect(outcomeOf(() => table.acceptData(stream, bytes(length)))).toBe(outcome);
  });

  it("has its credit once", () => {
    const { table, stream } = opened("agent");
    table.grant(stream, 10);
    expect(table.acceptData(stream, bytes(6))).toBe(true);
    expect(table.creditOf(stream)).toBe(4);
    expect(outcomeOf(() => table.acceptData(stream, bytes(5)))).toBe("no-credit");
  });

  it("has so much open credit at most", () => {
    const { table, stream } = opened("agent");
    expect(table.grant(stream, MAX_STREAM_CREDIT_BYTES - 1)).toBe(MAX_STREAM_CREDIT_BYTES - 1);
    expect(table.grant(stream, 2)).toBe(1);
    expect(table.grant(stream, 1)).toBe(0);
  });

  it("is over with its end, and nothing follows", () => {
    const { table, stream } = opened("agent");
    table.grant(stream, 10);
    expect(table.acceptEnd(stream, true)).toEqual({ type: "ended", aborted: true });
    expect(outcomeOf(() => table.acceptData(stream, bytes(1)))).toBe("wrong-state");
    expect(outcomeOf(() => table.acceptEnd(stream, false))).toBe("wrong-state");
    expect(table.grant(stream, 10)).toBe(0);
    expect(table.stop(stream)).toBe(false);
  });

  it("that is stopped may still send what it has credit for, which is dropped, and then its end", () => {
    const { table, stream } = opened("agent");
    table.grant(stream, 10);
    expect(table.stop(stream)).toBe(true);
    expect(table.stop(stream)).toBe(false);
    expect(table.grant(stream, 10)).toBe(0);
    expect(table.acceptData(stream, bytes(10))).toBe(false);
    expect(outcomeOf(() => table.acceptData(stream, bytes(1)))).toBe("no-credit");
    expect(table.acceptEnd(stream, true)).toEqual({ type: "ended", aborted: true });
  });

  it("takes no credit of its writer, and is not the host's to write", () => {
    const { table, stream } = opened("agent");
    expect(outcomeOf(() => table.acceptCredit(stream, 1))).toBe("wrong-direction");
    table.grant(stream, 10);
    expect(table.take(stream, 10)).toBe(0);
    expect(table.end(stream)).toBe(false);
  });
});

describe("a stream that the host writes", () => {
  it("goes as far as its credit, and no more than a chunk at once", () => {
    const { table, stream } = opened("host");
    expect(table.take(stream, 10)).toBe(0);
    expect(table.acceptCredit(stream, MAX_STREAM_CHUNK_BYTES + 10)).toBe(true);
    expect(table.take(stream, MAX_STREAM_CREDIT_BYTES)).toBe(MAX_STREAM_CHUNK_BYTES);
    expect(table.take(stream, 4)).toBe(4);
    expect(table.take(stream, 100)).toBe(6);
  });

  it.each([0, MAX_STREAM_CREDIT_BYTES + 1, 0xffff_ffff, 1.5])("gets no credit of %d bytes", (credit) => {
    const { table, stream } = opened("host");
    expect(outcomeOf(() => table.acceptCredit(stream, credit))).toBe("number-out-of-range");
  });

  it("gets no more open credit than the limit", () => {
    const { table, stream } = opened("host");
    expect(table.acceptCredit(stream, MAX_STREAM_CREDIT_BYTES)).toBe(true);
    expect(outcomeOf(() => table.acceptCredit(stream, 1))).toBe("number-out-of-range");
    table.take(stream, 5);
    expect(table.acceptCredit(stream, 5)).toBe(true);
  });

  it("is not the agent's to write", () => {
    const { table, stream } = opened("host");
    expect(outcomeOf(() => table.acceptData(stream, bytes(1)))).toBe("wrong-direction");
    expect(table.grant(stream, 10)).toBe(0);
    expect(table.stop(stream)).toBe(false);
  });

  it("that is stopped by its reader gets no more credit, and is ended by the host", () => {
    const { table, stream } = opened("host");
    expect(table.acceptEnd(stream, false)).toEqual({ type: "stopped" });
    expect(outcomeOf(() => table.acceptCredit(stream, 1))).toBe("wrong-state");
    expect(table.end(stream)).toBe(true);
    expect(table.end(stream)).toBe(false);
    expect(outcomeOf(() => table.acceptEnd(stream, false))).toBe("wrong-state");
  });

  it("that the host has ended may get what its reader had sent before it knew", () => {
    const { table, stream } = opened("host");
    expect(table.end(stream)).toBe(true);
    expect(table.acceptCredit(stream, 1)).toBe(false);
    expect(table.acceptEnd(stream, false)).toBeNull();
    expect(outcomeOf(() => table.acceptCredit(stream, 1))).toBe("wrong-state");
    expect(outcomeOf(() => table.acceptEnd(stream, false))).toBe("wrong-state");
    expect(table.take(stream, 1)).toBe(0);
  });
});

describe("streams", () => {
  it("have ids that rise and never come back", () => {
    const table = new StreamTable();
    expect([table.open("host"), table.open("agent")]).toEqual([1, 2]);
    table.drop(2);
    expect(table.open("agent")).toBe(3);
  });

  it("are so many at most", () => {
    const table = new StreamTable();
    for (let count = 0; count < MAX_STREAMS; count += 1) expect(table.open("agent")).not.toBeNull();
    expect(table.open("host")).toBeNull();
    table.acceptEnd(1, false);
    expect(table.open("host")).toBe(MAX_STREAMS + 1);
  });

  it.each([0, 2, 0xffff_ffff])("that were never opened are unknown: %i", (stream) => {
    const { table } = opened("agent");
    for (const act of [
      () => table.acceptData(stream, bytes(1)),
      () => table.acceptEnd(stream, false),
      () => table.acceptCredit(stream, 1),
    ])
      expect(outcomeOf(act)).toBe("unknown-stream");
  });

  it("that the host has ended are known for a while: the last 1024 of them", () => {
    const table = new StreamTable();
    for (let stream = 1; stream <= 1024; stream += 1) {
      expect(table.open("host")).toBe(stream);
      table.end(stream);
    }
    expect(table.acceptCredit(1, 1)).toBe(false);
    table.open("agent");
    table.acceptEnd(1025, false);
    expect(table.acceptCredit(1, 1)).toBe(false);
    table.end(table.open("host") ?? 0);
    expect(outcomeOf(() => table.acceptCredit(1, 1))).toBe("wrong-state");
    expect(table.acceptCredit(2, 1)).toBe(false);
  });

  it("that are not open have no credit", () => {
    expect(new StreamTable().creditOf(1)).toBe(0);
  });

  it("end with what began them, and their endpoints hear of it", () => {
    const dropped: [number, StreamWriter][] = [];
    const table = new StreamTable((stream, writer) => dropped.push([stream, writer]));
    table.open("host");
    table.open("agent");
    table.open("agent");
    table.acceptEnd(3, false);
    for (const stream of [1, 2, 3, 4]) table.drop(stream);
    expect(dropped).toEqual([
      [1, "host"],
      [2, "agent"],
    ]);
    expect(table.writerOf(1)).toBeNull();
    expect(outcomeOf(() => table.acceptData(2, bytes(1)))).toBe("wrong-state");
  });
});

/** A stream as both sides see it, as plainly as it can be said. */
interface Modelled {
  writer: StreamWriter;
  /** Sent as credit and not used. */
  credit: number;
  isStopped: boolean;
  /** null = open; "host" = the host's end was sent; "gone" = nothing of it is accepted. */
  over: "host" | "gone" | null;
}

/** What the rules say of a message of the agent's, before it is taken. */
function expectedOf(model: Map<number, Modelled>, what: string, stream: number, count: number): unknown {
  const one = model.get(stream);
  if (one === undefined) return "unknown-stream";
  if (one.over === "gone") return "wrong-state";
  if (what === "data") {
    if (one.writer === "host") return "wrong-direction";
    if (count === 0 || count > MAX_STREAM_CHUNK_BYTES) return "quota";
    if (count > one.credit) return "no-credit";
    one.credit -= count;
    return !one.isStopped;
  }
  if (what === "end") {
    if (one.writer === "agent") {
      one.over = "gone";
      return { type: "ended", aborted: count % 2 === 1 };
    }
    if (one.isStopped) return "wrong-state";
    one.isStopped = true;
    return one.over === null ? { type: "stopped" } : null;
  }
  if (one.writer === "agent") return "wrong-direction";
  if (one.isStopped) return "wrong-state";
  if (count === 0 || one.credit + count > MAX_STREAM_CREDIT_BYTES) return "number-out-of-range";
  one.credit += count;
  return one.over === null;
}

it("any sequence of messages and orders has the outcome that the rules say, and credit is never exceeded", () => {
  const step = fc.record({
    what: fc.constantFrom(
      "open",
      "data",
      "data",
      "end",
      "credit",
      "credit",
      "grant",
      "take",
      "stop",
      "hostEnd",
      "drop",
    ),
    stream: fc.nat(8),
    count: fc.oneof(
      fc.nat(20),
      fc.constantFrom(MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CHUNK_BYTES + 1, MAX_STREAM_CREDIT_BYTES),
    ),
    byHost: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const [model, table] = [new Map<number, Modelled>(), new StreamTable()];
      for (const { what, stream, count, byHost } of steps) {
        const one = model.get(stream);
        const isOpen = one !== undefined && one.over === null;
        if (what === "open") {
          const writer = byHost ? "host" : "agent";
          model.set(model.size + 1, { writer, credit: 0, isStopped: false, over: null });
          expect(table.open(writer)).toBe(model.size);
        } else if (what === "grant") {
          const can = isOpen && one.writer === "agent" && !one.isStopped;
          const granted = can ? Math.min(count, MAX_STREAM_CREDIT_BYTES - one.credit) : 0;
          expect(table.grant(stream, count)).toBe(granted);
          if (can) one.credit += granted;
        } else if (what === "take") {
          const can = isOpen && one.writer === "host";
          const taken = can ? Math.min(count, one.credit, MAX_STREAM_CHUNK_BYTES) : 0;
          expect(table.take(stream, count)).toBe(taken);
          if (can) one.credit -= taken;
        } else if (what === "stop") {
          const can = isOpen && one.writer === "agent" && !one.isStopped;
          expect(table.stop(stream)).toBe(can);
          if (can) one.isStopped = true;
        } else if (what === "hostEnd") {
          const can = isOpen && one.writer === "host";
          expect(table.end(stream)).toBe(can);
          if (can) one.over = "host";
        } else if (what === "drop") {
          table.drop(stream);
          if (isOpen) one.over = one.writer === "host" ? "host" : "gone";
        } else {
          const expected = expectedOf(model, what, stream, count);
          const outcome = outcomeOf(() => {
            if (what === "data") return table.acceptData(stream, bytes(count));
            return what === "end" ? table.acceptEnd(stream, count % 2 === 1) : table.acceptCredit(stream, count);
          });
          expect(outcome, what).toEqual(expected);
        }
        const open = [...model].filter(([, { over }]) => over === null);
        expect(open.map(([id]) => table.creditOf(id))).toEqual(open.map(([, { credit }]) => credit));
        expect(Math.max(0, ...open.map(([, { credit }]) => credit))).toBeLessThanOrEqual(MAX_STREAM_CREDIT_BYTES);
      }
    }),
    tries(1500),
  );
});
