/** Atoll and TigerVNC side by side: each with a guest that runs, each on a screen of its own, measured in turn. */
import { Atoll } from "../systems/atoll.ts";
import type { System } from "../systems/system.ts";
import { builtTemplate } from "../systems/templates.ts";
import { TigerVnc } from "../systems/tigervnc.ts";
import type { Context } from "./measure.ts";

export async function besideTigerVnc<Value>(
  context: Context,
  work: (ours: System, theirs: System, version: string) => Promise<Value>,
): Promise<Value> {
  const { tools, signal, say } = context;
  const template = await builtTemplate("debian-vnc", signal, say);
  const atoll = await Atoll.prepare(tools);
  try {
    await atoll.start();
    await atoll.startVm("a");
    const vnc = await TigerVnc.open(template, tools);
    try {
      return await work(atoll.system("a"), vnc, vnc.version);
    } finally {
      await vnc.close();
    }
  } finally {
    await atoll.close();
  }
}
