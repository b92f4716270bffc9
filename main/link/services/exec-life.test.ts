// Random sequences of what the host orders and the agent says of execs and their streams, against a small model.
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MAX_EXECS, MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES, MAX_STREAMS } from "#shared/protocol/limits.ts";
import { tries } from "#shared/testing/tries.ts";
import { EXECS } from "../contracts/execs.ts";
import { STREAMS } from "../contracts/streams.ts";
import { ServiceHost } from "../testing/service-host.ts";

// Services have timers.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** "accepted", or the code of a violation. */
type Outcome = string;

interface ModelledStream {
  writer: "host" | "agent";
  credit: number;
  /** Its reader has said that it wants no more. */
  isStopped: boolean;
  isOpen: boolean;
}

interface ModelledExec {
  isStarted: boolean;
  streams: number[];
}

/** What atoll.proto says of execs and streams, as plainly as it can be said. */
class Model {
  readonly execs = new Map<number, ModelledExec>();
  /** Of all that ever were; stream 1 stands first. */
  readonly streams: ModelledStream[] = [];

  stream(id: number): ModelledStream | undefined {
    return this.streams[id - 1];
  }

  #isOpen(id: number): boolean {
    return this.stream(id)?.isOpen ?? false;
  }

  /** What the host sends: "execStart", or nothing where no more can run. */
  start(exec: number, hasTerminal: boolean): string[] {
    const writers = hasTerminal ? (["host", "agent"] as const) : (["host", "agent", "agent"] as const);
    const open = this.streams.filter(({ isOpen }) => isOpen).length;
    if (this.execs.size >= MAX_EXECS || open + writers.length > MAX_STREAMS) return [];
    const streams = writers.map((writer) => this.streams.push({ writer, credit: 0, isStopped: false, isOpen: true }));
    this.execs.set(exec, { isStarted: false, streams });
    return ["execStart"];
  }

  started(exec: number): Outcome {
    const one = this.execs.get(exec);
    if (one === undefined) return "unknown-exec";
    if (one.isStarted) return "wrong-state";
    one.isStarted = true;
    return "accepted";
  }

  failed(exec: number): Outcome {
    const one = this.execs.get(exec);
    if (one === undefined) return "unknown-exec";
    if (one.isStarted) return "wrong-state";
    return this.#end(exec, one);
  }

  exited(exec: number): Outcome {
    const one = this.execs.get(exec);
    if (one === undefined) return "unknown-exec";
    const isOutputOver = one.streams.slice(1).every((id) => !this.#isOpen(id));
    return one.isStarted && isOutputOver ? this.#end(exec, one) : "wrong-state";
  }

  #end(exec: number, { streams }: ModelledExec): Outcome {
    this.execs.delete(exec);
    for (const id of streams) this.#close(id);
    return "accepted";
  }

  #close(id: number): void {
    const stream = this.stream(id);
    if (stream !== undefined) stream.isOpen = false;
  }

  data(id: number, bytes: number): Outcome {
    const stream = this.stream(id);
    if (stream === undefined) return "unknown-stream";
    // Of its own it knows that they are over; the host's may have ended while this was on its way.
    if (stream.writer === "host") return "wrong-direction";
    if (!stream.isOpen) return "wrong-state";
    if (bytes < 1 || bytes > MAX_STREAM_CHUNK_BYTES) return "quota";
    if (bytes > stream.credit) return "no-credit";
    stream.credit -= bytes;
    return "accepted";
  }

  end(id: number): Outcome {
    const stream = this.stream(id);
    if (stream === undefined) return "unknown-stream";
    if (stream.writer === "agent") {
      if (!stream.isOpen) return "wrong-state";
      stream.isOpen = false;
      return "accepted";
    }
    if (stream.isStopped) return "wrong-state";
    stream.isStopped = true;
    // It is answered at once.
    stream.isOpen = false;
    return "accepted";
  }

  credit(id: number, bytes: number): Outcome {
    const stream = this.stream(id);
    if (stream === undefined) return "unknown-stream";
    if (stream.writer === "agent") return stream.isOpen ? "wrong-direction" : "wrong-state";
    if (stream.isStopped) return "wrong-state";
    if (bytes < 1 || stream.credit + bytes > MAX_STREAM_CREDIT_BYTES) return "number-out-of-range";
    stream.credit += bytes;
    return "accepted";
  }

  /** How many bytes of credit are sent. */
  grant(id: number, bytes: number): number {
    const stream = this.stream(id);
    if (stream?.writer !== "agent" || !stream.isOpen) return 0;
    const granted = Math.min(bytes, MAX_STREAM_CREDIT_BYTES - stream.credit);
    stream.credit += granted;
    return granted;
  }
}

interface Numbers {
  exec: number;
  stream: number;
  bytes: number;
  hasTerminal: boolean;
}

interface Step {
  /** What the model has made of it. */
  expected: unknown;
  take: (host: ServiceHost) => unknown;
}

/** Orders of the host: they are never a violation. */
const orders = {
  start: (model, { exec, hasTerminal }) => {
    const tty = hasTerminal ? { columns: 80, rows: 24, term: "foot" } : null;
    return {
      expected: model.start(exec, hasTerminal),
      take: (host) => sentBy(host, () => host.order(EXECS, { type: "start", exec, argv: ["cat"], tty })),
    };
  },
  signal: (model, { exec }) => ({
    expected: model.execs.has(exec) ? ["execSignal"] : [],
    take: (host) => sentBy(host, () => host.order(EXECS, { type: "signal", exec, signal: 2 })),
  }),
  resize: (model, { exec }) => ({
    expected: model.execs.has(exec) ? ["execResize"] : [],
    take: (host) => sentBy(host, () => host.order(EXECS, { type: "resize", exec, columns: 1, rows: 1 })),
  }),
  grant: (model, { stream, bytes }) => {
    const granted = model.grant(stream, bytes);
    return {
      expected: granted > 0 ? [granted] : [],
      take: (host) => {
        const before = host.sentOf("streamCredit").length;
        host.order(STREAMS, { type: "grant", stream, bytes });
        return host
          .sentOf("streamCredit")
          .slice(before)
          .map((sent) => sent.bytes);
      },
    };
  },
} satisfies Record<string, (model: Model, numbers: Numbers) => Step>;

const says = {
  started: (model, { exec }) => ({
    expected: model.started(exec),
    take: (host) => host.say("execStarted", { exec, pid: 7 }),
  }),
  failed: (model, { exec }) => ({
    expected: model.failed(exec),
    take: (host) => host.say("execFailed", { exec, detail: "no" }),
  }),
  exited: (model, { exec }) => ({
    expected: model.exited(exec),
    take: (host) => host.say("execExited", { exec, code: 3 }),
  }),
  data: (model, { stream, bytes }) => ({
    expected: model.data(stream, bytes),
    take: (host) => host.say("streamData", { stream }, new Uint8Array(bytes)),
  }),
  end: (model, { stream }) => ({
    expected: model.end(stream),
    take: (host) => host.say("streamEnd", { stream }),
  }),
  credit: (model, { stream, bytes }) => ({
    expected: model.credit(stream, bytes),
    take: (host) => host.say("streamCredit", { stream, bytes }),
  }),
} satisfies Record<string, (model: Model, numbers: Numbers) => Step>;

/** Names of what was sent meanwhile. */
function sentBy(host: ServiceHost, act: () => void): string[] {
  const before = host.sent.length;
  act();
  return host.sent.slice(before).map(({ name }) => name);
}

const bytes = fc.constantFrom(
  0,
  1,
  2,
  1000,
  MAX_STREAM_CHUNK_BYTES,
  MAX_STREAM_CHUNK_BYTES + 1,
  MAX_STREAM_CREDIT_BYTES,
);
const numbers = {
  exec: fc.nat(8),
  stream: fc.nat(12),
  bytes,
  hasTerminal: fc.boolean(),
};
const sequence = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("order" as const), what: fc.constantFrom(...keysOf(orders)), ...numbers }),
    fc.record({
      kind: fc.constant("say" as const),
      what: fc.constantFrom(...keysOf(says)),
      ...numbers,
      /** Says it even if it is a violation: rarely, so that sequences go on for a while. */
      isBold: fc.nat(25).map((n) => n === 13),
    }),
  ),
  { maxLength: 80, size: "max" },
);

function keysOf<Of extends object>(of: Of): (keyof Of)[] {
  return Object.keys(of) as (keyof Of)[];
}

it("execs and their streams live as the model says, through any sequence, and nothing is accepted after a violation", () => {
  let violations = 0;
  fc.assert(
    fc.property(sequence, (actions) => {
      const [model, host] = [new Model(), new ServiceHost()];
      for (const action of actions) {
        // An exec is named once.
        if (
          action.kind === "order" &&
          action.what === "start" &&
          host.sentOf("execStart").some(({ exec }) => exec === action.exec)
        )
          continue;
        if (action.kind === "order") {
          const { expected, take } = orders[action.what](model, action);
          expect(take(host), action.what).toEqual(expected);
          continue;
        }
        const trial = structuredClone({ execs: model.execs, streams: model.streams });
        const { expected, take } = says[action.what](model, action);
        if (expected !== "accepted" && !action.isBold) {
          expect({ execs: model.execs, streams: model.streams }).toEqual(trial);
          continue;
        }
        expect(take(host), action.what).toBe(expected);
        if (expected === "accepted") continue;
        violations += 1;
        expect(host.say("execStarted", { exec: action.exec })).toBe("closed");
        break;
      }
      host.close();
    }),
    tries(1000),
  );
  expect(violations).toBeGreaterThan(0);
});
