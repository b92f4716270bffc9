/** `atoll vm ...`. */
import path from "node:path";
import { type Command, Option } from "commander";
import type { RequestInput } from "#shared/ipc/index.ts";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import { VM_ROLES, type VmNetwork, type VmRole, type VmView } from "#shared/model/vm.ts";
import { call, command, integer, type JsonOption, withWait, wrongUsage } from "../command.ts";
import { print, printProblem, table } from "../output.ts";

interface SetOptions {
  label?: LabelName;
  role?: VmRole;
  memory?: number;
  cpus?: number;
  network?: VmNetwork;
  via?: string;
}

interface CreateOptions {
  role: VmRole;
  label: LabelName;
  driver?: string;
  template?: string;
  memory?: number;
  cpus?: number;
  network?: VmNetwork;
  via?: string;
  control?: string;
  frames?: string;
  bulk?: string;
}

const CHANNELS = ["control", "frames", "bulk"] as const;

const ORDERS = {
  start: "start it",
  stop: "stop it in good order",
  kill: "stop it at once, as by pulling the plug",
  pause: "freeze it",
  resume: "let it go on",
  remove: "delete it, with its disk",
} as const;

export function addVmCommands(program: Command): void {
  const vm = program.command("vm").description("virtual machines");

  command(vm, "list", "all VMs").action(async (options: JsonOption) => {
    const [vms, problems] = await Promise.all([call("vm.list", {}), call("problem.list", {})]);
    for (const problem of problems) printProblem(problem, options.json ?? false);
    print(vms, options.json ?? false, () =>
      table(
        ["NAME", "LABEL", "ROLE", "STATE", "WHY", "WINDOWS", "TEMPLATE"],
        vms.map((v) => [v.name, v.label, v.role, v.state, v.stateReason, v.windows, v.template]),
        'No VMs: make one with "atoll vm create NAME --label LABEL".',
      ),
    );
  });

  command(vm, "info <vm>", "one VM").action(async (name: string, options: JsonOption) => {
    printVm(await call("vm.info", { vm: name }), options.json ?? false);
  });

  command(vm, "create <name>", "make a VM")
    .addOption(
      new Option("--label <label>", "colour and shape of its trust").choices(LABEL_NAMES).makeOptionMandatory(),
    )
    .addOption(new Option("--role <role>", "what it is for").choices(VM_ROLES).default("app"))
    .option("--driver <driver>", "who runs it; external: somebody else (default: Atoll)")
    .option("--template <template>", "what its disk is made from (default: debian)")
    .option("--memory <MiB>", "memory (default: the template's)", integer)
    .option("--cpus <count>", "processors (default: the template's; emulated: at most half of the host's)", integer)
    .addOption(new Option("--network <network>", "its network").choices(["none", "firewall", "direct"]))
    .option("--via <service>", "a service between it and the firewall, such as vpn; none: there is none")
    .option("--control <socket>", "external: socket of its control port")
    .option("--frames <socket>", "external: socket of its frames port")
    .option("--bulk <socket>", "external: socket of its bulk port")
    .action(async (name: string, options: JsonOption & CreateOptions) => {
      printVm(await call("vm.create", createInput(name, options)), options.json ?? false);
    });

  command(vm, "set <vm>", "change a VM")
    .addOption(new Option("--label <label>", "colour and shape of its trust").choices(LABEL_NAMES))
    .addOption(new Option("--role <role>", "what it is for").choices(VM_ROLES))
    .option("--memory <MiB>", "memory", integer)
    .option("--cpus <count>", "processors", integer)
    .addOption(new Option("--network <network>", "its network").choices(["none", "firewall", "direct"]))
    .option("--via <service>", "a service between it and the firewall, such as vpn; none: there is none")
    .action(async (name: string, { json = false, ...fields }: JsonOption & SetOptions) => {
      if (Object.keys(fields).length === 0)
        throw wrongUsage("Say what to change: --label, --role, --memory, --cpus, --network or --via.");
      const { vm: view, fromNextStart } = await call("vm.set", { vm: name, ...fields });
      const later = fromNextStart.length === 0 ? "" : ` From its next start on: ${fromNextStart.join(", ")}.`;
      print(view, json, () => `${view.name} is changed.${later}`);
    });

  for (const [verb, description] of Object.entries(ORDERS) as [keyof typeof ORDERS, string][]) {
    withWait(command(vm, `${verb} <vm>`, description), "--wait", "until it is done").action(
      async (name: string, options: JsonOption & { wait?: number }) => {
        printVm(await call(`vm.${verb}`, { vm: name, waitS: options.wait ?? null }), options.json ?? false);
      },
    );
  }
}

/** What was said, for the driver to judge. */
function createInput(name: string, options: CreateOptions): RequestInput<"vm.create"> {
  const { label, role, driver, template, memory, cpus, network, via, ...sockets } = options;
  const channels = CHANNELS.flatMap((channel) => {
    const socket = sockets[channel];
    return socket === undefined ? [] : [[channel, path.resolve(socket)] as const];
  });
  const machine = {
    ...{ driver, template, memory, cpus, network, via },
    channels: channels.length === 0 ? undefined : Object.fromEntries(channels),
  };
  const given = Object.entries(machine).filter(([, value]) => value !== undefined);
  return { name, label, role, machine: Object.fromEntries(given) };
}

function printVm(view: VmView, json: boolean): void {
  print(
    view,
    json,
    () => `${view.name} (${view.label}) is ${view.state}${view.stateReason === null ? "" : `: ${view.stateReason}`}.`,
  );
}
