import { describe, expect, it } from "vitest";
import { codeOf } from "../testing/outcome.ts";
import { ExecTable } from "./execs.ts";
import { FailureCode } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import { MAX_DETAIL_BYTES, MAX_EXECS, MAX_STREAMS } from "./limits.ts";
import { StreamTable } from "./streams.ts";

const started = (exec: number) => ({ exec, pid: 1 }) as WireMessageOf<"execStarted">;
const failed = (exec: number, detail = "") =>
  ({ exec, code: FailureCode.NOT_FOUND, detail }) as WireMessageOf<"execFailed">;
const exited = (exec: number, code = 0, signal = 0) => ({ exec, code, signal }) as WireMessageOf<"execExited">;

function tables(): { streams: StreamTable; execs: ExecTable } {
  const streams = new StreamTable();
  return { streams, execs: new ExecTable(streams) };
}

describe("an exec", () => {
  it("has its own streams: one that the host writes, and two that the agent does, or one with a terminal", () => {
    const { streams, execs } = tables();
    expect(execs.open(1, false)).toEqual({ stdin: 1, stdout: 2, stderr: 3 });
    expect(execs.open(2, true)).toEqual({ stdin: 4, stdout: 5, stderr: null });
    expect([1, 2, 3, 4, 5].map((stream) => streams.writerOf(stream))).toEqual([
      "host",
      "agent",
      "agent",
      "host",
      "agent",
    ]);
  });

  it("starts once, and exits after the end of its output", () => {
    const { streams, execs } = tables();
    execs.open(1, false);
    expect(codeOf(() => execs.acceptExited(exited(1)))).toBe("wrong-state");
    execs.acceptStarted(started(1));
    expect(codeOf(() => execs.acceptStarted(started(1)))).toBe("wrong-state");
    expect(codeOf(() => execs.acceptFailed(failed(1)))).toBe("wrong-state");
    streams.acceptEnd(2, false);
    expect(codeOf(() => execs.acceptExited(exited(1)))).toBe("wrong-state");
    streams.acceptEnd(3, false);
    expect(execs.acceptExited(exited(1, 3))).toEqual({ code: 3, signal: 0 });
    expect(streams.writerOf(1)).toBeNull();
    expect(execs.isOpen(1)).toBe(false);
    expect(codeOf(() => execs.acceptExited(exited(1)))).toBe("unknown-exec");
  });

  it("that fails ends with all of its streams, and its words are cleaned", () => {
    const { streams, execs } = tables();
    execs.open(1, false);
    expect(execs.acceptFailed(failed(1, "no\u0000 such"))).toEqual({ code: "not-found", detail: "no such" });
    expect([1, 2, 3].map((stream) => streams.writerOf(stream))).toEqual([null, null, null]);
  });

  it.each([
    ["acceptExited", exited(1, 256)],
    ["acceptExited", exited(1, 0, 128)],
    ["acceptFailed", failed(1, "x".repeat(MAX_DETAIL_BYTES + 1))],
  ] as const)("is not ended by %s with numbers or words beyond the bounds", (name, message) => {
    const { streams, execs } = tables();
    execs.open(1, true);
    if (name === "acceptExited") execs.acceptStarted(started(1));
    if (name === "acceptExited") streams.acceptEnd(2, false);
    expect(codeOf(() => execs[name](message as never))).toMatch(/^(number-out-of-range|text-too-long)$/);
    expect(execs.isOpen(1)).toBe(true);
  });

  it("is one of so many at most, and leaves no stream where there is no room for all of its own", () => {
    const { execs } = tables();
    for (let exec = 1; exec <= MAX_EXECS; exec += 1) expect(execs.open(exec, true)).not.toBeNull();
    expect(execs.open(MAX_EXECS + 1, true)).toBeNull();
    const full = tables();
    for (let count = 0; count < MAX_STREAMS - 2; count += 1) full.streams.open("agent");
    expect(full.execs.open(1, false)).toBeNull();
    expect(full.execs.open(1, true)).not.toBeNull();
  });
});
