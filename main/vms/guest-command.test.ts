/** What main makes of a command's output and end. Real guests are e2e's. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EXECS } from "../link/contracts/execs.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import { runInGuest } from "./guest-command.ts";
import {
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
} from "./testing/scripted-vm.ts";
import { Vm } from "./vm.ts";

const [STDIN, STDOUT, STDERR] = [1, 2, 3];
let links: ScriptedLink[];
let vm: Vm;

beforeEach(async () => {
  links = [];
  const driver = scriptedDriver(new ScriptedMachine());
  vm = new Vm(scriptedDefinition("test"), { ...scriptedContext(links), driver });
  await vm.start();
  links[0]?.says(HELLO);
});
afterEach(() => {
  vi.useRealTimers();
  vm.release();
});

function opened(): void {
  links[0]?.says(
    serviceEvent(EXECS, { type: "streams", exec: 1, streams: { stdin: STDIN, stdout: STDOUT, stderr: STDERR } }),
  );
}

function prints(stream: number, text: string): void {
  links[0]?.says(serviceEvent(STREAMS, { type: "data", stream, bytes: Buffer.from(text) }));
}

function exits(code: number, signal = 0): void {
  links[0]?.says(serviceEvent(EXECS, { type: "exited", exec: 1, code, signal }));
}

it("has what was printed, cut where it is too long, and nothing of its errors", async () => {
  const running = runInGuest(vm, ["cat"], { maxBytes: 6 });
  opened();
  prints(STDOUT, "abcd");
  prints(STDERR, "wrong");
  prints(STDOUT, "efgh");
  prints(STDOUT, "i");
  exits(0);
  expect(await running).toEqual({ how: "done", untrustedOutput: Buffer.from("abcdef") });
});

it.each([
  [1, 0],
  [0, 15],
])("has failed with code %i and signal %i", async (code, signal) => {
  const running = runInGuest(vm, ["false"]);
  opened();
  exits(code, signal);
  expect((await running).how).toBe("failed");
});

it("is killed when it takes too long", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const running = runInGuest(vm, ["sleep", "infinity"], { timeoutMs: 1_000 });
  opened();
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await running).how).toBe("late");
  expect(ordersOf(links[0], EXECS)).toContainEqual({ type: "signal", exec: 1, signal: 9 });
});
