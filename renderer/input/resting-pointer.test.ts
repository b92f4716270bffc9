import { beforeEach, describe, expect, it } from "vitest";
import type { VmId } from "#shared/model/vm.ts";
import { RestingPointer } from "./resting-pointer.ts";

const [HOME, WEB] = ["home", "web"] as unknown as [VmId, VmId];
let nowMs: number;
/** Whose window lies under the pointer. */
let under: VmId | null;
let inUse: VmId | null;
let pointer: RestingPointer;

beforeEach(() => {
  nowMs = 1_000;
  under = HOME;
  inUse = HOME;
  pointer = new RestingPointer({ vmAt: () => under, vmInUse: () => inUse, nowMs: () => nowMs });
  pointer.movedTo(100, 100);
});

function programBrings(vm: VmId | null, afterMs = 1_000): void {
  nowMs += afterMs;
  under = vm;
  pointer.windowsChanged(false);
}

describe("a click into a window that a program has brought under the pointer is not meant", () => {
  it("until a person can have seen it", () => {
    programBrings(WEB);
    nowMs += 299;
    expect(pointer.isUnmeant(WEB)).toBe(true);
    nowMs += 1;
    expect(pointer.isUnmeant(WEB)).toBe(false);
  });

  it("nor is one that falls on what it uncovers when it goes", () => {
    programBrings(WEB);
    programBrings(HOME);
    expect(pointer.isUnmeant(HOME)).toBe(true);
  });

  it("but one into the window that was under the pointer, and is back at once, is", () => {
    programBrings(WEB);
    programBrings(HOME, 100);
    expect(pointer.isUnmeant(HOME)).toBe(false);
    programBrings(WEB, 50);
    expect(pointer.isUnmeant(WEB)).toBe(true);
  });

  it("where there was no window: but for one of the VM in use", () => {
    under = null;
    pointer.movedTo(300, 300);
    programBrings(HOME);
    expect(pointer.isUnmeant(HOME)).toBe(false);
    programBrings(null, 100);
    programBrings(WEB, 100);
    expect(pointer.isUnmeant(WEB)).toBe(true);
    inUse = null;
    expect(pointer.isUnmeant(WEB)).toBe(true);
  });

  it("though a hand that rests on the mouse trembles", () => {
    programBrings(WEB);
    pointer.movedTo(102, 102);
    expect(pointer.isUnmeant(WEB)).toBe(true);
  });
});

describe("each click counts", () => {
  it("where a person moved the pointer, also little by little, or over an edge", () => {
    programBrings(WEB);
    pointer.movedTo(104, 100);
    expect(pointer.isUnmeant(WEB)).toBe(false);
    programBrings(HOME);
    for (const x of [105, 106, 107, 108]) pointer.movedTo(x, 100);
    expect(pointer.isUnmeant(HOME)).toBe(false);
    under = WEB;
    pointer.movedTo(109, 100);
    expect(pointer.isUnmeant(WEB)).toBe(false);
  });

  it("where a person brought the window there", () => {
    nowMs += 1_000;
    under = WEB;
    pointer.windowsChanged(true);
    expect(pointer.isUnmeant(WEB)).toBe(false);
  });

  it("where the window is of the VM whose window was there", () => {
    programBrings(HOME);
    expect(pointer.isUnmeant(HOME)).toBe(false);
  });
});
