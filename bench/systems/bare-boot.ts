/** A boot of a template without the application. */
import type { Template } from "../../images/builder/template.ts";
import { AgentReader } from "./agent-reader.ts";
import { BareMachine } from "./machine.ts";

/** @param folder where its disk and sockets go; milliseconds until the agent has said hello */
export async function bootedMs(template: Template, folder: string): Promise<number> {
  const spec = await BareMachine.prepare(template, folder);
  const startedMs = performance.now();
  const machine = await BareMachine.start(spec);
  const agent = await AgentReader.connect(folder);
  const ms = performance.now() - startedMs;
  agent.close();
  await machine.kill();
  return ms;
}
