import { beforeEach, describe, expect, it } from "vitest";
import { type BudgetedLink, MemoryBudget } from "./memory-budget.ts";

const SCREEN_PX = 1920 * 1080;
/** Of one VM; all have twice that. */
const VM_PX = 24 * SCREEN_PX;

class Vm implements BudgetedLink {
  canvasPx = 0;
  waitingBytes = 0;
  isEnded = false;
  readonly violations: string[] = [];

  violate(detail: string): void {
    this.violations.push(detail);
    this.isEnded = true;
    this.waitingBytes = 0;
  }

  release(): void {
    this.canvasPx = 0;
  }
}

let vms: Map<string, Vm>;
let budget: MemoryBudget<Vm>;

beforeEach(() => {
  vms = new Map();
  budget = new MemoryBudget(vms);
});

function vm(name: string, canvasPx = 0): Vm {
  const made = new Vm();
  made.canvasPx = canvasPx;
  vms.set(name, made);
  return made;
}

describe("canvases", () => {
  it("of one VM have so many screens", () => {
    const one = vm("one", VM_PX - 10);
    expect(budget.hasRoom(one, 10)).toBe(true);
    expect(budget.hasRoom(one, 11)).toBe(false);
    expect(one.violations).toHaveLength(1);
  });

  it("have more on a larger screen, and no less when it shrinks", () => {
    const one = vm("one", VM_PX);
    budget.setScreen(2 * SCREEN_PX);
    budget.setScreen(SCREEN_PX);
    expect(budget.hasRoom(one, VM_PX)).toBe(true);
    expect(budget.hasRoom(one, VM_PX + 1)).toBe(false);
  });

  it("of one VM are bounded on the largest screen too", () => {
    budget.setScreen(1e9);
    expect(budget.hasRoom(vm("one"), 128 * 1024 * 1024 + 1)).toBe(false);
  });

  it("of all VMs are bounded: the largest is cut off, not the one that asks", () => {
    const [large, middle, small] = [vm("large", VM_PX), vm("middle", VM_PX / 2), vm("small", VM_PX / 2)];
    expect(budget.hasRoom(small, 1)).toBe(true);
    expect([large.isEnded, middle.isEnded, small.isEnded]).toEqual([true, false, false]);
    expect(large.canvasPx, "its memory is free").toBe(0);
  });

  it("of a VM that asks and is the largest itself are refused", () => {
    const [large, other, third] = [vm("large", VM_PX - 1), vm("other", VM_PX / 2), vm("third", VM_PX / 2)];
    expect(budget.hasRoom(large, 1)).toBe(true);
    third.canvasPx += 1;
    expect(budget.hasRoom(large, 1)).toBe(false);
    expect([other.isEnded, third.isEnded]).toEqual([false, false]);
  });

  it("of VMs that have ended go first", () => {
    const ended = vm("ended", VM_PX / 2);
    ended.isEnded = true;
    const [large, small] = [vm("large", VM_PX), vm("small", VM_PX / 2)];
    expect(budget.hasRoom(small, 1)).toBe(true);
    expect(ended.canvasPx).toBe(0);
    expect([large.isEnded, large.canvasPx]).toEqual([false, VM_PX]);
  });
});

describe("frames that wait", () => {
  it("of one VM are bounded", () => {
    const one = vm("one");
    one.waitingBytes = VM_PX * 4;
    budget.limitWaiting(one);
    expect(one.isEnded).toBe(false);
    one.waitingBytes += 1;
    budget.limitWaiting(one);
    expect(one.isEnded).toBe(true);
  });

  it("of all VMs are bounded: the one of which most waits is cut off", () => {
    const [most, other, last] = [vm("most"), vm("other"), vm("last")];
    [most.waitingBytes, other.waitingBytes, last.waitingBytes] = [VM_PX * 4, VM_PX * 3, VM_PX];
    budget.limitWaiting(last);
    expect(most.isEnded).toBe(false);
    last.waitingBytes += 1;
    budget.limitWaiting(last);
    expect([most.isEnded, other.isEnded, last.isEnded]).toEqual([true, false, false]);
  });
});
