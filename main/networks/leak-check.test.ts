/** A check as main sees it; what the script does in a guest is leak-probes.test.ts' and e2e's. */
import net from "node:net";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EXECS } from "../link/contracts/execs.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import {
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { Vm } from "../vms/vm.ts";
import { checkForLeaks } from "./leak-check.ts";
import { targetsWith } from "./leak-probes.ts";

const STDOUT = 2;
let links: ScriptedLink[];
let vm: Vm;

beforeEach(async () => {
  links = [];
  vm = new Vm(scriptedDefinition("web"), {
    ...scriptedContext(links),
    driver: { ...scriptedDriver(new ScriptedMachine()), summary: () => ({ template: null, network: "firewall" }) },
  });
  await vm.start();
  links[0]?.says(HELLO);
});
afterEach(() => {
  vi.useRealTimers();
  vm.release();
});

/** A check that has begun in the guest: its arguments, and what becomes of it. */
async function begun() {
  const checked = checkForLeaks(vm, {
    targets: targetsWith({}),
    surroundings: { host: ["192.168.77.7"], gateway: ["10.137.0.5"], others: [] },
    decide: () => "deny",
    isInternet: (address) => !/^(10|192)\./.test(address),
  });
  checked.catch(() => undefined);
  const order = await vi.waitFor(() => {
    const found = ordersOf(links[0], EXECS).find(({ type }) => type === "start");
    if (found?.type !== "start") throw new Error("it has not begun");
    return found;
  });
  links[0]?.says(serviceEvent(EXECS, { type: "streams", exec: 1, streams: { stdin: 1, stdout: STDOUT, stderr: 3 } }));
  return { checked, argv: order.argv };
}

function says(text: string): void {
  links[0]?.says(serviceEvent(STREAMS, { type: "data", stream: STDOUT, bytes: Buffer.from(text) }));
}

function exits(code: number): void {
  links[0]?.says(serviceEvent(EXECS, { type: "exited", exec: 1, code, signal: 0 }));
}

/** Whether something listens on this machine. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => socket.destroy());
  });
}

it("finds what was reached, and tries this computer at a port that is open meanwhile", async () => {
  const { checked, argv } = await begun();
  expect(argv.slice(0, 2)).toEqual(["perl", "-"]);
  const at = argv.indexOf("192.168.77.7");
  const [id, port] = [argv[at - 2] ?? "", Number(argv[at + 1])];
  expect(await isOpen(port)).toBe(true);
  says(`${id} rea`);
  says("ched\np0 refused 111\np1 tried\n");
  exits(0);
  const findings = await checked;
  expect(findings.slice(0, 3).map(({ result }) => result)).toEqual(["held", "held", "not-tried"]);
  expect(findings.filter(({ result }) => result === "leak")).toEqual([
    { title: "This computer", to: `192.168.77.7:${port}`, result: "leak" },
  ]);
  expect(await isOpen(port)).toBe(false);
});

it("a script that has tried nothing is no proof that nothing leaks", async () => {
  const { checked } = await begun();
  says("no more processes\n");
  exits(0);
  await expect(checked).rejects.toMatchObject({ code: "network.not-checked" });
});

it("a script that fails there is no proof that nothing leaks", async () => {
  const { checked } = await begun();
  exits(127);
  await expect(checked).rejects.toMatchObject({ code: "network.not-checked" });
});

it("a guest that does not answer is not waited for for ever", async () => {
  const { checked } = await begun();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const second = checkForLeaks(vm, {
    targets: targetsWith({}),
    surroundings: { host: [], gateway: [], others: [] },
    decide: () => "deny",
    isInternet: () => true,
  });
  second.catch(() => undefined);
  await vi.waitFor(() => expect(ordersOf(links[0], EXECS).filter(({ type }) => type === "start")).toHaveLength(2));
  await vi.advanceTimersByTimeAsync(30_000);
  await expect(second).rejects.toMatchObject({ code: "network.not-checked" });
  says("p0 tried\n");
  exits(0);
  await checked;
});
