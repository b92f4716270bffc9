/** `atoll network ...`: who talks to what. */
import type { Command } from "commander";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { FlowView } from "#shared/model/network.ts";
import { ControlClient } from "../client.ts";
import { call, command, type JsonOption, seconds } from "../command.ts";
import { EXIT, line, print, table } from "../output.ts";
import { byteWords } from "../places.ts";

export function addNetworkCommands(program: Command): void {
  const network = program.command("network").description("who talks to what");

  command(network, "flows", "connections of all VMs, until 10 minutes after their end")
    .option("--follow", "and what comes from now on")
    .action(async ({ follow = false, json = false }: JsonOption & { follow?: boolean }) => {
      if (follow) return followFlows(json);
      const flows = await call("network.flows", {});
      print(flows, json, () => table(HEAD, flows.map(cellsOf), "No VM has a connection."));
    });

  command(
    network,
    "test <vm> <destination>",
    "what the policy says of a connection, and whether it is there: NAME[:PORT], @vm:NAME[:PORT]",
  ).action(async (vm: string, to: string, { json = false }: JsonOption) => {
    const tested = await call("network.test", { vm, to });
    print(tested, json, () => `${tested.decision}: ${tested.explanation}\n${reachedWords(vm, tested)}`);
  });

  command(network, "check <vm>", "tries ways out of a VM from inside: what is reached and must not be is a leak")
    .option("--ipv4 <address>", "a server on the internet")
    .option("--ipv6 <address>", "the same")
    .option("--resolver <address>", "a resolver on the internet")
    .option("--name <name>", "a name that there is")
    .option("--private-name <name>", "a name whose address is a private one")
    .action(async (vm: string, { json = false, ...targets }: JsonOption & RequestInput<"network.check">["targets"]) => {
      const findings = await call("network.check", { vm, targets });
      print(findings, json, () =>
        table(
          ["RESULT", "WHAT", "TRIED"],
          findings.map(({ result, title, to }) => [result, title, to]),
          "",
        ),
      );
      // What was not tried may leak.
      if (findings.some(({ result }) => result === "leak" || result === "not-tried")) process.exitCode = EXIT.failed;
    });

  command(network, "alerts", "what the traffic scanner has seen")
    .option("--since <seconds>", "only what is not older", seconds)
    .action(async ({ since, json = false }: JsonOption & { since?: number }) => {
      const alerts = await call("network.alerts", { sinceS: since ?? null });
      print(alerts, json, () =>
        table(
          ["TIME", "VM", "DIRECTION", "NAME", "ADDRESS", "PORT", "ACTION", "SEVERITY", "SIGNATURE"],
          alerts.map((one) => [
            ...[one.time, one.vm, one.direction, toWords(one), one.address, one.port],
            ...[one.action, one.severity, one.signature],
          ]),
          "The traffic scanner has seen nothing.",
        ),
      );
    });
}

const HEAD = ["VM", "NAME", "ADDRESS", "PORT", "PROTOCOL", "OUT", "IN", "STATE", "VERDICT", "WHY", "AGE"];

function cellsOf(flow: FlowView): (string | number | null)[] {
  const { vm, address, port, protocol, bytesOut, bytesIn, state, verdict, ageS } = flow;
  const bytes = [byteWords(bytesOut), byteWords(bytesIn)];
  return [vm, toWords(flow), address, port, protocol, ...bytes, state, verdict, whyOf(flow), `${Math.round(ageS)} s`];
}

/** A name as the VM has asked for it has no blank in it. */
function toWords({ name, toVm }: Pick<FlowView, "name" | "toVm">): string | null {
  return toVm === null ? name : `VM ${toVm}`;
}

function whyOf({ rule, reason }: FlowView): string {
  const why = rule.line === null ? rule.text : `line ${rule.line}`;
  return reason === "" ? why : `${why}: ${reason}`;
}

function reachedWords(vm: string, { reached }: RequestOutput<"network.test">): string {
  if (reached === null) return `Not tried: ${vm} does not run.`;
  return reached ? "Reached." : "Not reached.";
}

/** Those that there are, then each that begins, ends or is refused, until the application ends. */
async function followFlows(json: boolean): Promise<void> {
  const client = await ControlClient.connect();
  const show = (flow: FlowView): void => {
    if (json) process.stdout.write(line(flow));
    else
      print(null, false, () =>
        cellsOf(flow)
          .map((cell) => cell ?? "-")
          .join("  "),
      );
  };
  process.stdout.on("error", () => client.close());
  // What comes while the others are asked for is not lost, and not printed before them.
  const early: FlowView[] = [];
  let take = (flow: FlowView): void => void early.push(flow);
  client.on("network.flow", (flow) => take(flow));
  await client.call("network.follow", {});
  for (const flow of [...(await client.call("network.flows", {})), ...early]) show(flow);
  take = show;
  await client.closed();
  throw new AppError("desktop.not-running", "Atoll has ended.");
}
