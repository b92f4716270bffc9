/** A hostile agent loses its own channels and nothing else: its windows freeze with the reason, the other VM goes on. */
import { expect, test } from "@playwright/test";
import type { VmView } from "#shared/model/vm.ts";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;
const agents: ScriptedAgent[] = [];

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  for (const agent of agents) agent.close();
  await desktop.close();
});

/** An external VM whose agent has opened one red window. */
async function hostileVm(name: string): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.listen();
  agents.push(agent);
  const { control, frames, bulk } = agent.sockets;
  const sockets = ["--control", control, "--frames", frames, "--bulk", bulk];
  expect(
    await desktop.json<VmView>("vm", "create", name, "--driver", "external", "--label", "coral", ...sockets),
  ).toMatchObject({
    name,
    driver: "external",
    template: null,
    accelerator: null,
  });
  await desktop.json("vm", "start", name);
  await agent.opened();
  agent.hello();
  await desktop.isRunning(name);
  agent.say("control", "windowOpened", {
    surface: 1,
    kind: Kind.WAYLAND,
    title: `${name} <img src=x onerror=alert(1)>`,
  });
  await agent.hear("credit");
  const [width, height] = [320, 200];
  const pixels = Buffer.alloc(width * height * 4, Buffer.from([0, 0, 255, 255]));
  const damage = [{ x: 0, y: 0, width, height, encoding: Encoding.RAW, size: pixels.length }];
  agent.say(
    "frames",
    "frame",
    { surface: 1, serial: 1, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last: true },
    pixels,
  );
  await expect.poll(async () => (await desktop.windows()).find(({ vm }) => vm === name)?.width).toBe(width);
  return agent;
}

const attacks: [string, (agent: ScriptedAgent) => void][] = [
  ["over-length", (agent) => agent.sayBytes("bulk", Uint8Array.of(0xff, 0xff, 0xff, 0xff))],
  ["no-protobuf", (agent) => agent.sayBytes("control", encodeMessage(Uint8Array.of(0xff, 0xff)))],
  ["wrong-state", (agent) => agent.hello()],
  ["garbage", (agent) => agent.sayBytes("frames", Buffer.alloc(100_000, 0xa5))],
  ["bad-pixels", (agent) => sayUndecodable(agent)],
];

function sayUndecodable(agent: ScriptedAgent): void {
  const damage = [{ x: 0, y: 0, width: 320, height: 200, encoding: Encoding.LZ4, size: 16 }];
  agent.say(
    "frames",
    "frame",
    { surface: 1, serial: 2, width: 320, height: 200, scale: 1, format: PixelFormat.XRGB8888, damage, last: true },
    Buffer.alloc(16, 0xff),
  );
}

for (const [name, attack] of attacks) {
  test(`${name} closes that VM's channels with a reason, and nothing else`, async () => {
    const agent = await hostileVm(name);
    attack(agent);
    await expect
      .poll(async () => (await desktop.vms()).find((vm) => vm.name === name))
      .toMatchObject({ state: "unresponsive", stateReason: "protocol-violation" });
    const frozen = (await desktop.windows()).find(({ vm }) => vm === name);
    expect(frozen).toMatchObject({ frozen: true });
    // Its last picture is still there, and its title was text.
    const element = (await desktop.page()).locator(`[data-window-id="${frozen?.id}"]`);
    await expect(element.locator('[data-part="title"]')).toContainText("<img src=x onerror=alert(1)>");
    expect((await desktop.vms()).find((vm) => vm.name === "home")).toMatchObject({
      state: "running",
      stateReason: null,
    });
    expect(await desktop.atoll("exec", "home", "--", "echo", "well")).toMatchObject({ code: 0, stdout: "well\n" });
    await desktop.json("window", "close", frozen?.id ?? "");
    await expect.poll(async () => (await desktop.windows()).some(({ vm }) => vm === name)).toBe(false);
  });
}
