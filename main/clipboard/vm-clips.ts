/** Joins the brokers with the VMs: what their agents tell, where the person is, and what the policy says of them. */
import { CLIP_SELECTIONS, type ClipSelection } from "#shared/model/clip.ts";
import { cleanText } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { parseWindowId } from "#shared/model/window.ts";
import type { Application } from "../application.ts";
import { partyOf } from "../policy/crossing.ts";
import type { Policy } from "../policy/policy.ts";
import { clipboard } from "../vms/services/clipboard.ts";
import type { Vm } from "../vms/vm.ts";
import { type BrokerPorts, ClipBroker, ClipNumbers } from "./broker.ts";

const MAX_APP_GRAPHEMES = 60;

type Parts = Pick<BrokerPorts, "read" | "bringFiles"> & {
  application: Pick<Application, "focus" | "vms" | "on">;
  policy: Pick<Policy, "decide" | "on">;
  crossings: Omit<BrokerPorts["gate"], "decide">;
};

/** One for each selection. */
export type ClipBrokers = Readonly<Record<ClipSelection, ClipBroker>>;

export function joinedBrokers({ application, policy, crossings, read, bringFiles }: Parts): ClipBrokers {
  const ports: BrokerPorts = {
    nowMs: () => performance.now(),
    after: (ms, act) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    },
    focusedVm: () => application.focus.current?.vm ?? null,
    focusedApp: (vm) => focusedApp(application, vm),
    gate: {
      decide: (crossing) => policy.decide(crossing).decision,
      request: (request, options) => crossings.request(request, options),
      joined: (request) => crossings.joined(request),
      ended: (outcome, end) => crossings.ended(outcome, end),
    },
    read,
    bringFiles,
  };
  const numbers = new ClipNumbers();
  const brokers: ClipBrokers = {
    clipboard: new ClipBroker(ports, "clipboard", numbers),
    primary: new ClipBroker(ports, "primary", numbers),
  };
  const follower = new VmFollower(brokers);
  const follow = (): void => application.vms.forEach((vm) => follower.follow(vm));
  application.on("changed", follow);
  policy.on("changed", () => {
    for (const selection of CLIP_SELECTIONS) brokers[selection].policyChanged();
  });
  follow();
  return brokers;
}

class VmFollower {
  readonly #brokers: ClipBrokers;
  readonly #known = new WeakSet<Vm>();
  readonly #open = new WeakSet<Vm>();
  readonly #parties = new WeakMap<Vm, string>();

  constructor(brokers: ClipBrokers) {
    this.#brokers = brokers;
  }

  /** Something of the VM may have changed. */
  follow(vm: Vm): void {
    if (!this.#known.has(vm)) this.#listen(vm);
    if (vm.state === "running" && !this.#open.has(vm)) this.#opened(vm);
    // What rules see of it.
    const party = JSON.stringify(partyOf(vm.status));
    const before = this.#parties.get(vm);
    this.#parties.set(vm, party);
    if (before !== undefined && before !== party) this.#each((broker) => broker.policyChanged());
  }

  #listen(vm: Vm): void {
    this.#known.add(vm);
    const client = vm.service(clipboard);
    client.on("offered", (offered) => this.#brokers[offered.selection].offered(vm, offered));
    client.on("wanted", (wanted) => this.#brokers[wanted.selection].wanted(vm, wanted));
    client.on("dropped", (request) => this.#each((broker) => broker.dropped(vm, request)));
    client.on("closed", () => {
      this.#open.delete(vm);
      this.#each((broker) => broker.closed(vm));
    });
  }

  #opened(vm: Vm): void {
    this.#open.add(vm);
    const client = vm.service(clipboard);
    this.#each((broker, selection) =>
      broker.opened({
        vm,
        party: () => partyOf(vm.status),
        announce: (offer, types) => client.announce(selection, offer, types),
        refuse: (request) => client.refuse(request),
        settle: (chord) => client.settle(chord),
      }),
    );
  }

  #each(act: (broker: ClipBroker, selection: ClipSelection) => void): void {
    for (const selection of CLIP_SELECTIONS) act(this.#brokers[selection], selection);
  }
}

/** The guest's word. */
function focusedApp({ focus, vms }: Pick<Application, "focus" | "vms">, id: VmId): string {
  const { current } = focus;
  const surface = current?.vm === id ? parseWindowId(current.window)?.surface : undefined;
  const window = surface === undefined ? undefined : vms.find((vm) => vm.id === id)?.windows.get(surface);
  return cleanText(window?.appId ?? "", MAX_APP_GRAPHEMES);
}
