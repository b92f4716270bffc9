/** A cable whose ends answer when the test says so, as those of a busy machine do. */
import { beforeEach, expect, it, onTestFinished } from "vitest";
import type { MachineNics } from "../hardware/driver.ts";
import { Cable } from "./cable.ts";
import { ScriptedRelay } from "./testing/scripted-links.ts";

/** What was asked of the end, in order. */
let asked: { isUp: boolean; answer: () => void; refuse: () => void }[];
let mayRise: boolean;
let relay: ScriptedRelay;
let cable: Cable;

beforeEach(() => {
  [asked, mayRise] = [[], true];
  const nics: Pick<MachineNics, "setLink"> = {
    setLink: (_id, isUp) =>
      new Promise((resolve, reject) =>
        asked.push({ isUp, answer: resolve, refuse: () => reject(new Error("it does not answer")) }),
      ),
  };
  cable = new Cable({
    work: { kind: "join", sockets: ["/fw/uplink", "/passt"] },
    ends: [{ nics: nics as MachineNics, id: "uplink" }],
    startRelay: (work) => (relay = new ScriptedRelay(work, () => undefined)),
    mayRise: () => mayRise,
  });
  onTestFinished(() => cable.end());
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const carriers = (): boolean[] => asked.map(({ isUp }) => isUp);

/** It has parted, and is joined again, before its end has answered that it has a carrier; it may not have one yet. */
function rejoined(): void {
  relay.emit("joined");
  relay.emit("parted", "closed");
  mayRise = false;
  relay.emit("joined");
  expect(carriers()).toEqual([true, false]);
}

it("gets its carrier where what was asked before it parted is answered late", async () => {
  rejoined();
  asked[0]?.answer();
  await settled();
  mayRise = true;
  cable.look();
  expect(carriers()).toEqual([true, false, true]);
  asked[2]?.answer();
  await settled();
  cable.look();
  expect(carriers()).toHaveLength(3);
});

it("has no problem where what was asked before it parted is refused late", async () => {
  rejoined();
  asked[0]?.refuse();
  await settled();
  expect([cable.problem, cable.isUp]).toEqual([null, true]);
});
