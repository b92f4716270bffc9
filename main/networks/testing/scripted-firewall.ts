/** A firewall's program that says what a test has it say. */
import type { FirewallState, LinkEnd } from "#shared/model/firewall.ts";
import type { ProgramReport } from "#shared/model/service-messages.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import type { Vm } from "../../vms/vm.ts";
import type { FilteredLink } from "../filter.ts";
import type { FirewallProgram, FirewallService } from "../firewall-filter.ts";

export class ScriptedProgram
  extends Emitter<{ connected: []; gone: []; report: [ProgramReport] }>
  implements FirewallProgram, FirewallService
{
  /** The filter asks no more of it. */
  readonly vm = { isUnderWay: false, status: { stateDetail: "" } } as Vm;
  readonly program = this;
  readonly states: FirewallState[] = [];
  isConnected = false;
  /** What `tell` throws. */
  failure: Error | null = null;

  tell({ state }: { state: FirewallState }): number {
    if (this.failure !== null) throw this.failure;
    return this.states.push(state);
  }

  get last(): FirewallState | undefined {
    return this.states.at(-1);
  }

  connect(): void {
    this.isConnected = true;
    this.emit("connected");
  }

  disconnect(): void {
    this.isConnected = false;
    this.emit("gone");
  }

  says(message: ProgramReport): void {
    this.emit("report", message);
  }

  applies(problems: { where: string; reason: string }[] = [], revision = this.states.length): void {
    this.says({ type: "applied", revision, problems });
  }

  start(): Promise<void> {
    return Promise.resolve();
  }
}

const END: LinkEnd = { mac: "52:54:00:a7:00:01", ipv4: "10.137.0.6", ipv6: "fd00:137:1::2" };

export function filteredLink(number: number, vm: VmId): FilteredLink {
  return { id: `link-${number}`, vm, own: END, guest: END };
}
