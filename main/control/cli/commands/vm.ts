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
  driver: "qemu" | "external";
  template?: string;
  memory?: number;
  cpus?: number;
  network?: VmNetwork;
  via?: string;
  control?: string;
  frames?: string;
  bulk?: string;
}

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
    .addOption(new Option("--driver <driver>", "who runs it").choices(["qemu", "external"]).default("qemu"))
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

function createInput(name: string, options: CreateOptions): RequestInput<"vm.create"> {
  const { label, role, driver, control, frames, bulk } = options;
  if (driver === "external") {
    if (control === undefined || frames === undefined || bulk === undefined)
      throw wrongUsage("--driver external needs --control, --frames and --bulk.");
    if (
      options.template !== undefined ||
      options.memory !== undefined ||
      options.cpus !== undefined ||
      options.network !== undefined ||
      options.via !== undefined
    ) {
      throw wrongUsage(
        "--template, --memory, --cpus, --network and --via are not Atoll's to choose for an external VM.",
      );
    }
    const channels = { control: path.resolve(control), frames: path.resolve(frames), bulk: path.resolve(bulk) };
    return { name, label, role, machine: { driver, channels } };
  }
  if (control !== undefined || frames !== undefined || bulk !== undefined)
    throw wrongUsage("--control, --frames and --bulk belong to --driver external.");
  const { template = "debian", memory = null, cpus = null, network = "none", via } = options;
  const ways = { network, ...(via === undefined ? {} : { via }) };
  return { name, label, role, machine: { driver, template, memory, cpus, ...ways } };
}

function printVm(view: VmView, json: boolean): void {
  print(
    view,
    json,
    () => `${view.name} (${view.label}) is ${view.state}${view.stateReason === null ? "" : `: ${view.stateReason}`}.`,
  );
}
