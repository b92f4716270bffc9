/** A hostile VM that floods the desktop costs another one no more than a tenth of its frames, and fills nobody's memory. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { Flood } from "./support/flood.ts";
import { scriptedVm } from "./support/scripted-vm.ts";

let desktop: TestDesktop;
const agents: ScriptedAgent[] = [];

// Agents that are the test's: where a guest is emulated, the emulator would be what is measured.
test.beforeAll(async () => void (desktop = await TestDesktop.open({})));
test.afterAll(async () => {
  for (const agent of agents) agent.close();
  await desktop.close();
});

async function vm(name: string, label: string): Promise<ScriptedAgent> {
  const agent = await scriptedVm(desktop, name, label);
  agents.push(agent);
  return agent;
}

/** A program that draws as fast as it may. `shown` counts its frames that have reached the screen. */
class Animation {
  shown = 0;
  readonly #agent: ScriptedAgent;

  constructor(agent: ScriptedAgent) {
    this.#agent = agent;
    agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND, title: "animation" });
    void this.#run();
  }

  async #run(): Promise<void> {
    const [width, height] = [320, 240];
    for (let serial = 0; ;) {
      const { count, shownSerial } = await this.#agent.hear("credit");
      this.shown = shownSerial;
      for (let n = 0; n < count; n += 1) {
        serial += 1;
        const pixels = Buffer.alloc(width * height * 4, serial);
        const damage = [{ x: 0, y: 0, width, height, encoding: Encoding.RAW, size: pixels.length }];
        const frame = { surface: 1, serial, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last: true };
        this.#agent.say("frames", "frame", frame, pixels);
      }
    }
  }

  /** Frames that are shown within so much time. */
  async count(ms: number): Promise<number> {
    const before = this.shown;
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.shown - before;
  }
}

test("another VM's animation keeps nine tenths of its frames", async () => {
  const animation = new Animation(await vm("work", "lagoon"));
  const flood = new Flood(await vm("hostile", "coral"));
  await expect.poll(async () => (await desktop.windows()).length).toBe(5);
  const frames = { quiet: 0, flooded: 0 };
  const rounds: string[] = [];
  for (let round = 0; round < 4; round += 1) {
    frames.quiet += await animation.count(2_000);
    flood.start();
    frames.flooded += await animation.count(2_000);
    flood.stop();
    rounds.push(JSON.stringify({ ...frames, flood: flood.shown }));
  }
  expect(frames.flooded / frames.quiet, rounds.join(" ")).toBeGreaterThan(0.9);
});

test("a link's heap is limited, by the flag that its process was started with", async () => {
  await vm("limited", "sand");
  const probe = path.join(desktop.home, "heap.cjs");
  fs.writeFileSync(
    probe,
    `process.parentPort.postMessage(require("node:v8").getHeapStatistics().heap_size_limit / 1024 / 1024);`,
  );
  const pid = await desktop.electron.evaluate(
    ({ app }) => app.getAppMetrics().find(({ name }) => name?.startsWith("atoll-link-"))?.pid,
  );
  const flags = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  const execArgv = flags.filter((flag) => flag.startsWith("--js-flags="));
  const limitMiB = await desktop.electron.evaluate(
    ({ utilityProcess }, [file, ...given]) =>
      new Promise<number>((resolve) => {
        utilityProcess.fork(file ?? "", [], { execArgv: given }).once("message", resolve);
      }),
    [probe, ...execArgv],
  );
  // What is limited is the old generation; the young one comes on top of it.
  expect(limitMiB).toBeGreaterThan(200);
  expect(limitMiB).toBeLessThan(320);
});
