/** Commands and joints as main sees them: what it orders of links, and what becomes of it. Real guests are e2e's. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AppError } from "#shared/model/app-error.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { EXECS } from "../link/contracts/execs.ts";
import { type StreamEvent, type StreamOrder, STREAMS } from "../link/contracts/streams.ts";
import { Exec } from "./exec.ts";
import { joinStreams } from "./joints.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
  serviceOrder,
} from "./testing/scripted-vm.ts";
import { Vm } from "./vm.ts";

const [STDIN, STDOUT, STDERR] = [1, 2, 3];

class Running {
  readonly machine = new ScriptedMachine();
  readonly links: ScriptedLink[] = [];
  readonly vm = new Vm(scriptedDefinition("test"), {
    ...scriptedContext(this.links),
    driver: scriptedDriver(this.machine),
  });

  static async start(): Promise<Running> {
    const running = new Running();
    await running.vm.start();
    running.links[0]?.says(HELLO);
    return running;
  }

  says(event: StreamEvent): void {
    this.links[0]?.says(serviceEvent(STREAMS, event));
  }

  /** The link has opened the streams of its first command. */
  opens(): void {
    const streams = { stdin: STDIN, stdout: STDOUT, stderr: STDERR };
    this.links[0]?.says(serviceEvent(EXECS, { type: "streams", exec: 1, streams }));
  }

  get streamOrders(): StreamOrder[] {
    return (
      this.links[0]?.heard.flatMap((message) =>
        message.type === "order" && message.service === STREAMS.name ? [message.order as StreamOrder] : [],
      ) ?? []
    );
  }
}

let one: Running;
beforeEach(async () => void (one = await Running.start()));
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a command", () => {
  it("has its output, as far as it is granted, and then its end", async () => {
    const exec = new Exec(one.vm, ["cat"], null);
    const heard: unknown[] = [];
    exec.on("output", (name, bytes) => heard.push([name, bytes]));
    exec.on("exited", (end) => heard.push(end));
    expect(one.links[0]?.heard).toContainEqual(
      serviceOrder(EXECS, { type: "start", exec: 1, argv: ["cat"], tty: null }),
    );
    one.opens();
    expect(one.streamOrders).toEqual([
      { type: "grant", stream: STDOUT, bytes: MAX_STREAM_CREDIT_BYTES / 4 },
      { type: "grant", stream: STDERR, bytes: MAX_STREAM_CREDIT_BYTES / 4 },
    ]);
    one.says({ type: "data", stream: STDOUT, bytes: Uint8Array.of(1) });
    one.says({ type: "data", stream: STDERR, bytes: Uint8Array.of(2) });
    exec.grant("stdout", 1);
    expect(one.streamOrders.at(-1)).toEqual({ type: "grant", stream: STDOUT, bytes: 1 });
    one.links[0]?.says(serviceEvent(EXECS, { type: "exited", exec: 1, code: 3, signal: 0 }));
    expect(heard).toEqual([["stdout", Uint8Array.of(1)], ["stderr", Uint8Array.of(2)], { code: 3, signal: 0 }]);
  });

  it("has its input in order, also what was written before its streams were open", async () => {
    const exec = new Exec(one.vm, ["cat"], null);
    const written = [exec.write(Uint8Array.of(1)), exec.write(Uint8Array.of(2, 3))];
    exec.endInput();
    one.opens();
    await settled();
    expect(one.streamOrders.slice(2)).toEqual([
      { type: "write", stream: STDIN, bytes: Uint8Array.of(1) },
      { type: "write", stream: STDIN, bytes: Uint8Array.of(2, 3) },
      { type: "end", stream: STDIN },
    ]);
    one.says({ type: "taken", stream: STDIN, bytes: 3 });
    await Promise.all(written);
  });

  it("gives its link no more input than the window, whatever is written", async () => {
    const exec = new Exec(one.vm, ["cat"], null);
    one.opens();
    const written = exec.write(new Uint8Array(3 * MAX_STREAM_CREDIT_BYTES));
    await settled();
    const given = (): number =>
      one.streamOrders.reduce((sum, order) => sum + (order.type === "write" ? order.bytes.length : 0), 0);
    expect(given()).toBe(MAX_STREAM_CREDIT_BYTES);
    one.says({ type: "taken", stream: STDIN, bytes: MAX_STREAM_CHUNK_BYTES });
    expect(given()).toBe(MAX_STREAM_CREDIT_BYTES + MAX_STREAM_CHUNK_BYTES);
    one.says({ type: "stopped", stream: STDIN });
    await written;
  });

  it("that is over takes no more input, and nobody waits for it", async () => {
    const exec = new Exec(one.vm, ["true"], null);
    one.opens();
    const written = exec.write(Uint8Array.of(1));
    await settled();
    one.says({ type: "stopped", stream: STDIN });
    await written;
    one.links[0]?.says(serviceEvent(EXECS, { type: "exited", exec: 1, code: 0, signal: 0 }));
    await exec.write(Uint8Array.of(1));
    exec.signal(1);
    expect(one.links[0]?.heard.at(-1)).toMatchObject({ service: STREAMS.name });
  });

  it("that cannot be started quotes what the guest says of it", async () => {
    const exec = new Exec(one.vm, ["foot"], null);
    const failed = new Promise<AppError>((resolve) => exec.on("failed", resolve));
    one.links[0]?.says(serviceEvent(EXECS, { type: "failed", exec: 1, code: "other", detail: "“Shut down”" }));
    expect((await failed).message).toBe(`"foot" cannot be started in VM "test": it said: “'Shut down'”.`);
    await expect(exec.streams).rejects.toMatchObject({ code: "exec.failed" });
  });

  it("that cannot be started says why", async () => {
    const exec = new Exec(one.vm, ["nonsense"], null);
    const failed = new Promise<AppError>((resolve) => exec.on("failed", resolve));
    const failure = { code: "not-found", detail: "" } as const;
    one.links[0]?.says(serviceEvent(EXECS, { type: "failed", exec: 1, ...failure }));
    expect(await failed).toMatchObject({
      code: "exec.failed",
      message: expect.stringContaining("no such command") as string,
    });
    await expect(exec.streams).rejects.toMatchObject({ code: "exec.failed" });
    await exec.write(Uint8Array.of(1));
  });

  it("that runs is lost with the VM", async () => {
    const failed = new Promise<AppError>((resolve) => new Exec(one.vm, ["cat"], null).on("failed", resolve));
    one.machine.emit("ended", { reason: "killed" });
    expect(await failed).toMatchObject({ code: "exec.lost" });
  });
});

describe("a joint", () => {
  let other: Running;
  beforeEach(async () => void (other = await Running.start()));

  /** The output of one VM's command joined with the input of the other's. */
  function join(options: Parameters<typeof joinStreams>[2] = {}): ReturnType<typeof joinStreams> {
    void new Exec(one.vm, ["head"], null, { joined: ["stdout"] });
    void new Exec(other.vm, ["cat"], null, { joined: ["stdin"] });
    for (const running of [one, other]) running.opens();
    return joinStreams({ vm: one.vm, stream: STDOUT }, { vm: other.vm, stream: STDIN }, options);
  }

  it("is made by main, which then hears of its progress and its end, and of no byte", async () => {
    const onProgress = vi.fn<(bytes: number) => void>();
    const { done } = join({ onProgress });
    expect(one.streamOrders).toEqual([
      { type: "grant", stream: STDERR, bytes: MAX_STREAM_CREDIT_BYTES / 4 },
      { type: "join", stream: STDOUT },
    ]);
    expect(other.streamOrders.at(-1)).toEqual({ type: "join", stream: STDIN });
    one.says({ type: "progress", stream: STDOUT, bytes: 90 });
    other.says({ type: "progress", stream: STDIN, bytes: 70 });
    one.says({ type: "parted", stream: STDOUT, bytes: 100, aborted: false });
    other.says({ type: "parted", stream: STDIN, bytes: 100, aborted: false });
    expect(await done).toEqual({ bytes: 100, aborted: false });
    expect(onProgress.mock.calls).toEqual([[70]]);
  });

  it("that is aborted is parted at both ends", async () => {
    const aborting = new AbortController();
    const { done } = join({ signal: aborting.signal });
    aborting.abort();
    expect(one.streamOrders.at(-1)).toEqual({ type: "part", stream: STDOUT });
    expect(other.streamOrders.at(-1)).toEqual({ type: "part", stream: STDIN });
    other.says({ type: "parted", stream: STDIN, bytes: 5, aborted: true });
    expect(await done).toEqual({ bytes: 5, aborted: true });
  });

  it("whose writer's VM is lost is parted at the reader", async () => {
    const { done } = join();
    one.machine.emit("ended", { reason: "killed" });
    expect(other.streamOrders.at(-1)).toEqual({ type: "part", stream: STDIN });
    other.says({ type: "parted", stream: STDIN, bytes: 5, aborted: true });
    expect(await done).toEqual({ bytes: 5, aborted: true });
  });

  it("whose reader's VM is lost is over, with what was known to have arrived", async () => {
    const { done } = join();
    other.says({ type: "progress", stream: STDIN, bytes: 7 });
    other.machine.emit("ended", { reason: "killed" });
    expect(await done).toEqual({ bytes: 7, aborted: true });
    expect(one.streamOrders.at(-1)).toEqual({ type: "part", stream: STDOUT });
  });

  it("cannot be made without an agent", async () => {
    other.machine.emit("ended", { reason: "killed" });
    expect(() => joinStreams({ vm: one.vm, stream: STDOUT }, { vm: other.vm, stream: STDIN })).toThrow(/is stopped/);
  });
});
