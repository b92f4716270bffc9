/** A VM whose agent the test speaks for, connected to the real application by the external driver. */
import type { VmView } from "#shared/model/vm.ts";
import { type Decoration, Encoding, Kind, PixelFormat, Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { ScriptedAgent } from "../../main/link/testing/scripted-agent.ts";
import type { TestDesktop } from "./desktop.ts";

/** Creates the VM and resolves when it runs. */
export async function scriptedVm(desktop: TestDesktop, name: string, label: string): Promise<ScriptedAgent> {
  const agent = await ScriptedAgent.listen();
  const { control, frames, bulk } = agent.sockets;
  const sockets = ["--control", control, "--frames", frames, "--bulk", bulk];
  await desktop.json<VmView>("vm", "create", name, "--driver", "external", "--label", label, ...sockets);
  await desktop.json("vm", "start", name);
  await agent.opened();
  agent.hello();
  void answerPings(agent);
  await desktop.isRunning(name);
  return agent;
}

/** As a real agent does: without it the VM would be unresponsive after a quarter of a minute. */
async function answerPings(agent: ScriptedAgent): Promise<never> {
  for (;;) {
    const { nonce } = await agent.hear("ping");
    agent.say("control", "pong", { nonce });
  }
}

/** Reads what a command puts into the VM's clipboard, and offers it from then on as a real agent does: the command waits for that. */
export async function takePut(
  agent: ScriptedAgent,
  stream: number,
  types: string[],
): Promise<{ bytes: Buffer; aborted: boolean }> {
  const taken = await agent.read(stream);
  if (!taken.aborted)
    agent.say("control", "clipOffered", { selection: Selection.CLIPBOARD, generation: stream, types });
  return taken;
}

export function openWindow(
  agent: ScriptedAgent,
  surface: number,
  change: { decoration?: Decoration; title?: string } = {},
): void {
  agent.say("control", "windowOpened", { surface, kind: Kind.WAYLAND, title: `window ${surface}`, ...change });
}

/** A whole frame of one colour, in messages of at most 64 rows. */
export async function paint(agent: ScriptedAgent, surface: number, width: number, height: number): Promise<void> {
  while ((await agent.hear("credit")).surface !== surface);
  for (let y = 0; y < height; y += 64) {
    const rows = Math.min(64, height - y);
    const pixels = Buffer.alloc(width * rows * 4, Buffer.from([40, 40, 200, 255]));
    const damage = [{ x: 0, y, width, height: rows, encoding: Encoding.RAW, size: pixels.length }];
    const last = y + rows === height;
    const frame = { surface, serial: 1, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last };
    agent.say("frames", "frame", frame, pixels);
  }
}
