import { expect, it, vi } from "vitest";
import { Emitter } from "../base/emitter.ts";
import type { Vm } from "../vms/vm.ts";
import { Departures } from "./departures.ts";
import type { FilesParty } from "./transfer.ts";

class TestVm extends Emitter<{ changed: [] }> {
  isOn = true;

  become(isOn: boolean): void {
    this.isOn = isOn;
    this.emit("changed");
  }
}

const partyOf = (vm: TestVm): FilesParty => ({ kind: "vm", vm: vm as unknown as Vm });

it("all that wait for a VM hear of its end, by one subscription, which goes with the last of them", async () => {
  const vm = new TestVm();
  const subscribe = vi.spyOn(vm, "on");
  const departures = new Departures();
  const all = Array.from({ length: 200 }, () => departures.of(partyOf(vm)));
  expect(subscribe).toHaveBeenCalledTimes(1);
  vm.become(true);
  vm.become(false);
  await Promise.all(all.map(({ promise }) => promise));
  for (const { forget } of [...all, ...all]) forget();
  departures.of(partyOf(vm));
  expect(subscribe).toHaveBeenCalledTimes(2);
});

it("a VM that does not run yet has not gone, and one that is forgotten tells nobody", async () => {
  const vm = new TestVm();
  vm.isOn = false;
  const departures = new Departures();
  const heard: string[] = [];
  const [first, other] = [departures.of(partyOf(vm)), departures.of(partyOf(vm))];
  void first.promise.then(() => heard.push("first"));
  void other.promise.then(() => heard.push("other"));
  vm.become(false);
  vm.become(true);
  other.forget();
  expect(heard).toEqual([]);
  vm.become(false);
  await first.promise;
  expect(heard).toEqual(["first"]);
});
