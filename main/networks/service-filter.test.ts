import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { ProgramReport } from "#shared/model/service-messages.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { Vm } from "../vms/vm.ts";
import { gatewayEnd, guestEnd, linkId, ownNic, twinNic } from "./addresses.ts";
import type { FilteredLink } from "./filter.ts";
import { type ServedLinks, ServiceFilter, type ServingProgram } from "./service-filter.ts";

class ScriptedProgram extends Emitter<{ connected: []; gone: []; report: [ProgramReport] }> implements ServingProgram {
  isConnected = false;
  readonly states: ServedLinks[] = [];

  tell({ state }: { state: ServedLinks }): number {
    return this.states.push(state);
  }

  applied(revision: number, ...problems: { where: string; reason: string }[]): void {
    this.emit("report", { type: "applied", revision, problems });
  }
}

const link = (index: number): FilteredLink => ({
  vm: `vm-${index}` as VmId,
  id: linkId(index),
  own: { mac: twinNic(index).mac, ...gatewayEnd(index) },
  guest: { mac: ownNic(index).mac, ...guestEnd(index) },
});

let program: ScriptedProgram;
let filter: ServiceFilter;
const start = vi.fn<() => Promise<void>>(() => Promise.resolve());

beforeEach(() => {
  vi.useFakeTimers();
  program = new ScriptedProgram();
  filter = new ServiceFilter({ name: "vpn", vm: {} as Vm, program, start });
});
afterEach(() => {
  filter.close();
  vi.useRealTimers();
});

const problemOf = (index: number) => filter.problemOf(link(index).vm);

function connect(): void {
  program.isConnected = true;
  program.emit("connected");
}

it("tells the links without their VMs, and has those in force that the program confirms", () => {
  filter.setLinks([link(1), link(2)]);
  expect(program.states).toEqual([]);
  connect();
  const { vm: _, ...first } = link(1);
  expect(program.states[0]?.links).toContainEqual(first);
  expect([...filter.acknowledged]).toEqual([]);
  program.applied(1, { where: "link-2", reason: "its interface has not come yet" });
  expect([[...filter.acknowledged], problemOf(2)]).toEqual([["link-1"], "its interface has not come yet"]);
  // Its interface has come.
  program.applied(1);
  expect([[...filter.acknowledged], problemOf(1)]).toEqual([["link-1", "link-2"], null]);
});

it("tells nothing to a program of an earlier run of the application until it is known which links there are", () => {
  connect();
  expect(program.states).toEqual([]);
  filter.setLinks([]);
  expect(program.states).toEqual([{ links: [] }]);
});

it("has nothing in force where a problem is about no link, and makes the program's words harmless", () => {
  filter.setLinks([link(1)]);
  connect();
  program.applied(1, { where: "configuration", reason: "it has \u001b[31mnone" });
  expect([...filter.acknowledged]).toEqual([]);
  expect(problemOf(1)).not.toContain("\u001b");
});

it("does not take what was said of earlier links, or by an earlier run of the program", () => {
  filter.setLinks([link(1)]);
  connect();
  program.applied(1);
  filter.setLinks([link(2)]);
  program.applied(1);
  expect([...filter.acknowledged]).toEqual([]);
  program.applied(2);
  expect([...filter.acknowledged]).toEqual(["link-2"]);
  const changed = vi.fn<() => void>();
  filter.on("changed", changed);
  program.isConnected = false;
  program.emit("gone");
  expect([[...filter.acknowledged], filter.isReady, changed.mock.calls.length]).toEqual([[], false, 1]);
  connect();
  expect([...filter.acknowledged]).toEqual([]);
});

it("gives a program that hangs no more time by changes, and another VM nothing of the one before", async () => {
  filter.setLinks([link(1)]);
  connect();
  program.applied(1);
  for (let at = 2; at < 5; at += 1) {
    filter.setLinks([link(1), link(at)]);
    expect([...filter.acknowledged]).toEqual(["link-1"]);
    await vi.advanceTimersByTimeAsync(5_000);
  }
  expect([...filter.acknowledged]).toEqual([]);
  program.applied(4);
  filter.setLinks([{ ...link(1), vm: "another" as VmId }]);
  expect([...filter.acknowledged]).toEqual([]);
});

it("has nothing in force where the program does not confirm in time", async () => {
  filter.setLinks([link(1)]);
  connect();
  program.applied(1);
  filter.setLinks([link(1), link(2)]);
  expect([...filter.acknowledged]).toEqual(["link-1"]);
  await vi.advanceTimersByTimeAsync(15_000);
  expect([[...filter.acknowledged], problemOf(1)]).toEqual([[], "it has not put the links in force within 15 s"]);
  // It was slow, and has come to it.
  program.applied(2);
  expect([[...filter.acknowledged], problemOf(1)]).toEqual([["link-1", "link-2"], null]);
});
