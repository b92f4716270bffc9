/** VMs whose links are real in all but their sockets: a test speaks for their agents (main/link/testing/service-host.ts). */
import type { LinkProcess } from "../../link/link-process.ts";
import { portPair } from "../../link/testing/ports.ts";
import { ServiceHost } from "../../link/testing/service-host.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  ScriptedMachine,
} from "../../vms/testing/scripted-vm.ts";
import { Vm } from "../../vms/vm.ts";

export interface LinkedVm {
  vm: Vm;
  machine: ScriptedMachine;
  /** Its link, as its agent sees it. */
  agent: ServiceHost;
}

/** A VM that runs. */
export async function linkedVm(name: string): Promise<LinkedVm> {
  const machine = new ScriptedMachine();
  const agents: ServiceHost[] = [];
  const context = scriptedContext([]);
  const vm = new Vm(scriptedDefinition(name), {
    ...context,
    driver: scriptedDriver(machine),
    spawnLink: () => spawnLink(agents),
  });
  await vm.start();
  const [agent] = agents;
  if (agent === undefined) throw new Error("no link was made");
  return { vm, machine, agent };
}

function spawnLink(agents: ServiceHost[]): LinkProcess {
  let tell: Parameters<LinkProcess["onMessage"]>[0] = () => undefined;
  // As between processes: never within the call that caused it.
  const agent = new ServiceHost((service, event) => queueMicrotask(() => tell({ type: "event", service, event })));
  agents.push(agent);
  const link: LinkProcess = {
    send(message, ports = []) {
      if (message.type === "order") agent.order<unknown>({ name: message.service }, message.order, ports);
    },
    connect(message, other, othersMessage) {
      const [mine, others] = portPair();
      link.send(message, [mine]);
      other.send(othersMessage, [others]);
    },
    attachPage: () => undefined,
    onMessage(listener) {
      tell = listener;
      tell({ type: "opened" });
      tell(HELLO);
    },
    onExit: () => undefined,
    kill: () => agent.close(),
  };
  return link;
}
