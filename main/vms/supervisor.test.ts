import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import type { VmId } from "#shared/model/vm.ts";
import { planStarts, type StartRequest, type SupervisedVm, Supervisor } from "./supervisor.ts";
import { type Deferred, deferred } from "./testing/scripted-vm.ts";

/** `"a b c"`: a depends on b and c. */
function requests(...lines: string[]): StartRequest[] {
  return lines.map((line) => {
    const [name = "", ...dependsOn] = line.split(" ");
    return { id: name as VmId, name, dependsOn: dependsOn as VmId[] };
  });
}

describe("the plan", () => {
  it.each([
    [["a", "b"], "a b"],
    [["a b", "b"], "b a"],
    [["a b", "b c", "c"], "c b a"],
    [["a c", "b c", "c"], "c a b"],
    [["a b c", "b d", "c d", "d"], "d b c a"],
  ])("of %j starts %s", (lines, order) => {
    const plan = planStarts(requests(...lines));
    expect(plan.order.map(({ name }) => name).join(" ")).toBe(order);
    expect(plan.refused).toEqual([]);
  });

  it.each([
    [["a a"], { a: 'it depends on itself: "a" -> "a"' }],
    [
      ["a b", "b a", "c"],
      { a: 'it depends on itself: "a" -> "b" -> "a"', b: 'it depends on itself: "b" -> "a" -> "b"' },
    ],
    [
      ["a b", "b c", "c b"],
      {
        a: 'it depends on "b", which cannot be started',
        b: 'it depends on itself: "b" -> "c" -> "b"',
        c: 'it depends on itself: "c" -> "b" -> "c"',
      },
    ],
    [["a x"], { a: "it depends on a VM that does not exist (x)" }],
    [
      ["a b", "b x"],
      { a: 'it depends on "b", which cannot be started', b: "it depends on a VM that does not exist (x)" },
    ],
  ])("of %j refuses with the reason", (lines, reasons) => {
    const { order, refused } = planStarts(requests(...lines));
    expect(Object.fromEntries(refused.map(({ request, reason }) => [request.name, reason]))).toEqual(reasons);
    expect(order.length + refused.length).toBe(lines.length);
  });
});

describe("the supervisor", () => {
  let log: string[];
  let supervisor: Supervisor;
  let starts: Record<string, Deferred<void>>;
  let runs: Record<string, Deferred<void>>;

  beforeEach(() => {
    vi.useFakeTimers();
    log = [];
    starts = {};
    runs = {};
    supervisor = new Supervisor();
  });
  afterEach(() => void vi.useRealTimers());

  /** VMs whose starts and runs the test settles. */
  function vms(retriesStart: boolean, ...lines: string[]): SupervisedVm[] {
    return requests(...lines).map((request) => ({
      ...request,
      retriesStart,
      start: () => {
        log.push(`start ${request.name}`);
        const start = deferred<void>();
        starts[request.name] = start;
        return start.promise;
      },
      running: () => (runs[request.name] ??= deferred()).promise,
      refused: (reason) => log.push(`${reason.code}: ${reason.message}`),
      failed: (error) => log.push(`failed ${request.name}: ${(error as Error).message}`),
    }));
  }
  const settled = () => vi.advanceTimersByTimeAsync(0);

  it("starts what depends on nothing together, and the others when their dependencies run", async () => {
    const all = supervisor.start(vms(false, "web firewall", "firewall", "home"));
    await settled();
    expect(log).toEqual(["start firewall", "start home"]);
    starts["firewall"]?.resolve();
    await settled();
    expect(log).toHaveLength(2);
    (runs["firewall"] ??= deferred()).resolve();
    await settled();
    expect(log.at(-1)).toBe("start web");
    starts["web"]?.resolve();
    starts["home"]?.resolve();
    await all;
  });

  it("reports why a VM is not started: its dependency failed, or does not come to run", async () => {
    const all = supervisor.start(vms(false, "web firewall", "firewall", "mail store", "store"));
    await settled();
    starts["firewall"]?.reject(new AppError("hardware.no-space", "There is no space left."));
    starts["store"]?.resolve();
    await settled();
    (runs["store"] ??= deferred()).reject(new AppError("vm.not-running", 'VM "store" is crashed.'));
    await all;
    expect(log.slice(2)).toEqual([
      "failed firewall: There is no space left.",
      'vm.dependency-failed: VM "web" was not started: it depends on "firewall", which does not run: There is no space left.',
      'vm.dependency-failed: VM "mail" was not started: it depends on "store", which does not run: VM "store" is crashed.',
    ]);
  });

  it("reports a cycle, and starts the others", async () => {
    const all = supervisor.start(vms(false, "a b", "b a", "home"));
    await settled();
    starts["home"]?.resolve();
    await all;
    expect(log).toEqual([
      'vm.dependency-failed: VM "a" was not started: it depends on itself: "a" -> "b" -> "a".',
      'vm.dependency-failed: VM "b" was not started: it depends on itself: "b" -> "a" -> "b".',
      "start home",
    ]);
  });

  it("tries a start again after growing delays where the VM wants that", async () => {
    const all = supervisor.start(vms(true, "firewall"));
    await settled();
    for (const delayMs of [1_000, 2_000, 4_000]) {
      log.length = 0;
      starts["firewall"]?.reject(new Error("no"));
      await settled();
      expect(log).toEqual(["failed firewall: no"]);
      await vi.advanceTimersByTimeAsync(delayMs - 1);
      expect(log).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(1);
      expect(log.at(-1)).toBe("start firewall");
    }
    starts["firewall"]?.resolve();
    await all;
  });

  it("starts nothing any more once it is cancelled, and ends every wait", async () => {
    const all = supervisor.start([...vms(true, "web firewall", "firewall"), ...vms(true, "home")]);
    await settled();
    starts["home"]?.reject(new Error("no"));
    starts["firewall"]?.reject(new Error("no"));
    await settled();
    log.length = 0;
    supervisor.cancel();
    await all;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(log).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
