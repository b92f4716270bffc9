/**
 * A VM's states as a table: the state that follows each event, and what is to be done then. Pure; `Vm` (vm.ts) turns what
 * its machine and its link say into these events, and carries the effects out. An event that a state does not list is ignored.
 */
import type { StartPhase, VmState, VmStateReason } from "#shared/model/vm.ts";
import type { MachineEnd, PauseCause } from "../hardware/driver.ts";

/** What is known of the connection to the agent. */
export type LinkState =
  /** There is no link process. */
  | "none"
  /** A link process calls the agent. */
  | "connecting"
  /** The agent has said hello. */
  | "open"
  /** Lost; it is connected again after a back-off. */
  | "waiting"
  /** The guest broke the protocol: no link until the machine's next start. */
  | "cut-off";

export interface VmCondition {
  readonly state: VmState;
  readonly reason: VmStateReason | null;
  /** For people; "" = nothing to add. */
  readonly detail: string;
  /** Of state `starting`, else null. */
  readonly phase: StartPhase | null;
  readonly link: LinkState;
  /** Of link `cut-off`: the violation. */
  readonly violation: string;
}

export type LinkLoss = "agent-lost" | "agent-exited" | "protocol-violation";

export type VmEvent =
  // What somebody asked for.
  | { type: "startRequested" }
  | { type: "stopRequested" }
  // How a start or an adoption went on.
  | { type: "startCancelled" }
  | { type: "startFailed"; state: "stopped" | "crashed"; reason: VmStateReason | null; detail: string }
  /** It was not begun: what it starts from could not be made. */
  | { type: "startRefused"; detail: string }
  /** `phase`: `boot` for a machine that was started, `agent` for one that was adopted. */
  | { type: "machineFound"; phase: StartPhase; pauseCause: PauseCause | null }
  /** No machine was left running. */
  | { type: "nothingFound" }
  /** A machine runs, and its driver cannot reach it. */
  | { type: "machineUnreachable"; detail: string }
  // What the machine says.
  | { type: "machinePaused"; cause: PauseCause }
  | { type: "machineResumed" }
  | { type: "machineEnded"; end: MachineEnd; detail: string }
  | { type: "agentAppeared" }
  // What the link says.
  | { type: "portsOpened" }
  | { type: "helloReceived" }
  | { type: "heartbeatsLost" }
  | { type: "heartbeatsBack" }
  | { type: "linkLost"; loss: LinkLoss; detail: string }
  | { type: "reconnectDue" }
  /** The machine has executed for long, and its agent has not said hello. */
  | { type: "startOverdue" };

export type VmEffect =
  /** Spawns a link process for the machine, in the place of an earlier one; it is notified at once if the machine is paused. */
  | "connect"
  /** Ends the link process, and the wait for the next one. */
  | "disconnect"
  /** Begins the wait for `reconnectDue`. */
  | "reconnectLater"
  /** Tells the link that the machine is paused: it expects no heartbeats then. */
  | "pauseLink"
  | "resumeLink"
  /** The windows stay as they were last seen. */
  | "freezeWindows"
  | "clearWindows";

export interface Transition {
  readonly condition: VmCondition;
  /** In this order. */
  readonly effects: readonly VmEffect[];
}

export const INITIAL: VmCondition = {
  state: "stopped",
  reason: null,
  detail: "",
  phase: null,
  link: "none",
  violation: "",
};

export const PAUSE_DETAILS: Readonly<Record<PauseCause, string>> = {
  asked: "",
  "no-space": "The host's disk is full: free some space, then resume it.",
  "disk-error": "The host's disk cannot be written: look at the host's log, then resume it.",
};
const NO_HEARTBEATS = "The agent does not answer.";
const NO_HELLO =
  "Its system does not come up: it may need more memory, or hang. Look at its console's log, or stop it; it may also just be slow.";

/** Its machine executes, and its agent has not said hello: that must not last for ever. */
export function awaitsHello({ state, link }: VmCondition): boolean {
  return state === "starting" && link !== "none";
}

/** The transition of a VM in `condition` at `event`; null = the event is ignored. */
export function transition(condition: VmCondition, event: VmEvent): Transition | null {
  const { state, link } = condition;
  const isOff = state === "stopped" || state === "crashed";
  /** Its machine is being made, or its driver cannot reach it: nothing is heard from the machine. */
  const isApart = link === "none" && (state === "starting" || state === "unresponsive");
  /** The same VM in another state, whose link is as it was. */
  const to = (next: VmState, change: Partial<VmCondition> = {}, effects: readonly VmEffect[] = []): Transition => ({
    condition: { ...condition, state: next, reason: null, detail: "", phase: null, ...change },
    effects,
  });
  /** In its state, with another link. */
  const stay = (change: Partial<VmCondition>, effects: readonly VmEffect[]): Transition => ({
    condition: { ...condition, ...change },
    effects,
  });

  switch (event.type) {
    case "startRequested":
      return isOff ? to("starting", { phase: "machine" }) : null;
    case "startCancelled":
      return state === "starting" && isApart ? to("stopped", { reason: "killed" }) : null;
    case "startFailed":
      return state === "starting" && isApart ? to(event.state, { reason: event.reason, detail: event.detail }) : null;
    case "startRefused":
      return isOff ? to("stopped", { detail: event.detail }) : null;
    case "stopRequested":
      return isOff || isUnreachable(condition) ? null : to("stopping");

    case "machineFound": {
      if (!isOff && !isApart) return null;
      const change = { link: "connecting", violation: "" } as const;
      return event.pauseCause === null
        ? to("starting", { ...change, phase: event.phase }, ["connect"])
        : to("paused", { ...change, ...pausedBy(event.pauseCause) }, ["connect"]);
    }
    case "nothingFound":
      return isOff || isUnreachable(condition) ? to("stopped") : null;
    case "machineUnreachable":
      return isOff || isUnreachable(condition)
        ? to("unresponsive", { reason: "agent-lost", detail: event.detail })
        : null;

    case "machinePaused":
      if (isOff || isApart) return null;
      // A VM that stops goes on stopping: the power button and then the plug do it.
      return state === "stopping" ? stay({}, ["pauseLink"]) : to("paused", pausedBy(event.cause), ["pauseLink"]);
    case "machineResumed":
      if (isOff || isApart) return null;
      if (state !== "paused") return stay({}, ["resumeLink"]);
      if (link === "open") return to("running", {}, ["resumeLink"]);
      if (link === "cut-off") return to("unresponsive", { reason: "protocol-violation", detail: condition.violation });
      return to("starting", { phase: "agent" }, ["resumeLink"]);
    case "machineEnded": {
      const isCrash = event.end.reason === "guest-panic" || event.end.reason === "machine-exited";
      return to(
        isCrash ? "crashed" : "stopped",
        { reason: event.end.reason, detail: event.detail, link: "none", violation: "" },
        ["disconnect", isCrash ? "freezeWindows" : "clearWindows"],
      );
    }

    case "agentAppeared":
    case "portsOpened":
      return state === "starting" && link !== "none" ? to("starting", { phase: "agent" }) : null;
    case "helloReceived":
      if (link !== "connecting" && link !== "open") return null;
      return state === "stopping" || state === "paused"
        ? stay({ link: "open" }, ["clearWindows"])
        : to("running", { link: "open" }, ["clearWindows"]);
    case "heartbeatsLost":
      return link === "open" && (state === "running" || state === "unresponsive")
        ? to("unresponsive", { reason: "agent-lost", detail: NO_HEARTBEATS })
        : null;
    case "heartbeatsBack":
      return link === "open" && (state === "running" || state === "unresponsive") ? to("running") : null;
    case "linkLost": {
      // After a violation an agent that ends, or comes again, changes nothing.
      if (link === "none" || link === "cut-off") return null;
      // An agent that ends while its VM stops is as it should be.
      if (state === "stopping") return stay({ link: "none" }, ["disconnect", "freezeWindows"]);
      const isViolation = event.loss === "protocol-violation";
      const change: Partial<VmCondition> = isViolation
        ? { link: "cut-off", violation: event.detail }
        : { link: "waiting" };
      const effects: VmEffect[] = [
        "disconnect",
        "freezeWindows",
        ...(isViolation ? [] : (["reconnectLater"] as const)),
      ];
      return state === "paused"
        ? stay(change, effects)
        : to("unresponsive", { ...change, reason: event.loss, detail: event.detail }, effects);
    }
    case "startOverdue":
      return awaitsHello(condition) ? to("unresponsive", { reason: "agent-lost", detail: NO_HELLO }) : null;
    case "reconnectDue":
      return link === "waiting" ? stay({ link: "connecting" }, ["connect"]) : null;
  }
}

function pausedBy(cause: PauseCause): Partial<VmCondition> {
  return { reason: cause === "asked" ? null : cause, detail: PAUSE_DETAILS[cause] };
}

/** Its machine runs, and its driver cannot reach it: there is no link that could be lost. */
function isUnreachable({ state, link }: VmCondition): boolean {
  return state === "unresponsive" && link === "none";
}
