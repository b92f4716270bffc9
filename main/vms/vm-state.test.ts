/** Every event in every state that a VM can be in: the rows of the table say what happens, all else is ignored. */
import { describe, expect, it } from "vitest";
import type { StartPhase, VmState, VmStateReason } from "#shared/model/vm.ts";
import { INITIAL, type LinkState, transition, type VmCondition, type VmEffect, type VmEvent } from "./vm-state.ts";

const EVENTS = {
  startRequested: { type: "startRequested" },
  stopRequested: { type: "stopRequested" },
  startCancelled: { type: "startCancelled" },
  "startFailed crashed": { type: "startFailed", state: "crashed", reason: "machine-exited", detail: "it failed" },
  "startFailed stopped": { type: "startFailed", state: "stopped", reason: "no-space", detail: "it failed" },
  startRefused: { type: "startRefused", detail: "no template" },
  "machineFound boot": { type: "machineFound", phase: "boot", pauseCause: null },
  "machineFound agent": { type: "machineFound", phase: "agent", pauseCause: null },
  "machineFound paused": { type: "machineFound", phase: "agent", pauseCause: "asked" },
  "machineFound no-space": { type: "machineFound", phase: "agent", pauseCause: "no-space" },
  nothingFound: { type: "nothingFound" },
  machineUnreachable: { type: "machineUnreachable", detail: "no answer" },
  "machinePaused asked": { type: "machinePaused", cause: "asked" },
  "machinePaused no-space": { type: "machinePaused", cause: "no-space" },
  "machinePaused disk-error": { type: "machinePaused", cause: "disk-error" },
  machineResumed: { type: "machineResumed" },
  "machineEnded powered-off": { type: "machineEnded", end: { reason: "powered-off" }, detail: "" },
  "machineEnded killed": { type: "machineEnded", end: { reason: "killed" }, detail: "" },
  "machineEnded guest-panic": { type: "machineEnded", end: { reason: "guest-panic", detail: "log" }, detail: "log" },
  "machineEnded machine-exited": { type: "machineEnded", end: { reason: "machine-exited", detail: "" }, detail: "log" },
  agentAppeared: { type: "agentAppeared" },
  portsOpened: { type: "portsOpened" },
  helloReceived: { type: "helloReceived" },
  heartbeatsLost: { type: "heartbeatsLost" },
  heartbeatsBack: { type: "heartbeatsBack" },
  "linkLost agent-lost": { type: "linkLost", loss: "agent-lost", detail: "link ended" },
  "linkLost agent-exited": { type: "linkLost", loss: "agent-exited", detail: "agent ended" },
  "linkLost protocol-violation": { type: "linkLost", loss: "protocol-violation", detail: "flood" },
  reconnectDue: { type: "reconnectDue" },
  startOverdue: { type: "startOverdue" },
} as const satisfies Record<string, VmEvent>;
type EventName = keyof typeof EVENTS;

/** Every state with every state of its link that it can have. */
const CONDITIONS = [
  "stopped/none",
  "crashed/none",
  "starting/none",
  "starting/connecting",
  "starting/waiting",
  "running/open",
  "paused/connecting",
  "paused/open",
  "paused/waiting",
  "paused/cut-off",
  "stopping/none",
  "stopping/connecting",
  "stopping/open",
  "stopping/waiting",
  "stopping/cut-off",
  "unresponsive/none",
  "unresponsive/connecting",
  "unresponsive/open",
  "unresponsive/waiting",
  "unresponsive/cut-off",
] as const satisfies readonly `${VmState}/${LinkState}`[];
type ConditionName = (typeof CONDITIONS)[number];

interface Row {
  event: EventName;
  /** `state/link`; `*` stands for every one. */
  from: string;
  /** `=` keeps what was there. */
  to: string;
  reason?: VmStateReason | null;
  detail?: string;
  phase?: StartPhase;
  effects?: VmEffect[];
}

const LOST: VmEffect[] = ["disconnect", "freezeWindows", "reconnectLater"];
const FULL = "The host's disk is full: free some space, then resume it.";
const BROKEN = "The host's disk cannot be written: look at the host's log, then resume it.";
const PAUSABLE =
  "starting/connecting starting/waiting running/* paused/* unresponsive/connecting unresponsive/open unresponsive/waiting unresponsive/cut-off";

const TABLE: Row[] = [
  { event: "startRequested", from: "stopped/* crashed/*", to: "starting/none", phase: "machine" },
  { event: "startCancelled", from: "starting/none", to: "stopped/none", reason: "killed" },
  {
    event: "startFailed crashed",
    from: "starting/none",
    to: "crashed/none",
    reason: "machine-exited",
    detail: "it failed",
  },
  { event: "startFailed stopped", from: "starting/none", to: "stopped/none", reason: "no-space", detail: "it failed" },
  { event: "startRefused", from: "stopped/* crashed/*", to: "stopped/none", detail: "no template" },
  { event: "stopRequested", from: "starting/* running/* paused/* stopping/*", to: "stopping/=" },
  {
    event: "stopRequested",
    from: "unresponsive/connecting unresponsive/open unresponsive/waiting unresponsive/cut-off",
    to: "stopping/=",
  },

  // A machine is found by a start, by the adoption of a VM that nobody knows yet, or by one that was not reached before.
  ...(["boot", "agent"] as const).map((phase): Row => ({
    event: `machineFound ${phase}`,
    from: "stopped/* crashed/* starting/none unresponsive/none",
    to: "starting/connecting",
    phase,
    effects: ["connect"],
  })),
  {
    event: "machineFound paused",
    from: "stopped/* crashed/* starting/none unresponsive/none",
    to: "paused/connecting",
    effects: ["connect"],
  },
  {
    event: "machineFound no-space",
    from: "stopped/* crashed/* starting/none unresponsive/none",
    to: "paused/connecting",
    reason: "no-space",
    detail: FULL,
    effects: ["connect"],
  },
  { event: "nothingFound", from: "stopped/* crashed/* unresponsive/none", to: "stopped/none" },
  {
    event: "machineUnreachable",
    from: "stopped/* crashed/* unresponsive/none",
    to: "unresponsive/none",
    reason: "agent-lost",
    detail: "no answer",
  },

  { event: "machinePaused asked", from: PAUSABLE, to: "paused/=", effects: ["pauseLink"] },
  {
    event: "machinePaused no-space",
    from: PAUSABLE,
    to: "paused/=",
    reason: "no-space",
    detail: FULL,
    effects: ["pauseLink"],
  },
  {
    event: "machinePaused disk-error",
    from: PAUSABLE,
    to: "paused/=",
    reason: "disk-error",
    detail: BROKEN,
    effects: ["pauseLink"],
  },
  ...(["asked", "no-space", "disk-error"] as const).map((cause): Row => ({
    event: `machinePaused ${cause}`,
    from: "stopping/*",
    to: "=/=",
    effects: ["pauseLink"],
  })),
  { event: "machineResumed", from: "paused/open", to: "running/open", effects: ["resumeLink"] },
  {
    event: "machineResumed",
    from: "paused/connecting paused/waiting",
    to: "starting/=",
    phase: "agent",
    effects: ["resumeLink"],
  },
  {
    event: "machineResumed",
    from: "paused/cut-off",
    to: "unresponsive/cut-off",
    reason: "protocol-violation",
    detail: "the violation",
  },
  {
    event: "machineResumed",
    from: "starting/connecting starting/waiting running/* stopping/* unresponsive/connecting unresponsive/open unresponsive/waiting unresponsive/cut-off",
    to: "=/=",
    effects: ["resumeLink"],
  },
  ...(["powered-off", "killed"] as const).map((reason): Row => ({
    event: `machineEnded ${reason}`,
    from: "*/*",
    to: "stopped/none",
    reason,
    effects: ["disconnect", "clearWindows"],
  })),
  ...(["guest-panic", "machine-exited"] as const).map((reason): Row => ({
    event: `machineEnded ${reason}`,
    from: "*/*",
    to: "crashed/none",
    reason,
    detail: "log",
    effects: ["disconnect", "freezeWindows"],
  })),

  ...(["agentAppeared", "portsOpened"] as const).map((event): Row => ({
    event,
    from: "starting/connecting starting/waiting",
    to: "starting/=",
    phase: "agent",
  })),
  {
    event: "helloReceived",
    from: "starting/connecting running/open unresponsive/connecting unresponsive/open",
    to: "running/open",
    effects: ["clearWindows"],
  },
  {
    event: "helloReceived",
    from: "paused/connecting paused/open stopping/connecting stopping/open",
    to: "=/open",
    effects: ["clearWindows"],
  },
  {
    event: "heartbeatsLost",
    from: "running/open unresponsive/open",
    to: "unresponsive/open",
    reason: "agent-lost",
    detail: "The agent does not answer.",
  },
  { event: "heartbeatsBack", from: "running/open unresponsive/open", to: "running/open" },

  ...(["agent-lost", "agent-exited"] as const).flatMap((loss): Row[] => {
    const event = `linkLost ${loss}` as const;
    const detail = EVENTS[event].detail;
    return [
      {
        event,
        from: "starting/connecting starting/waiting running/open unresponsive/connecting unresponsive/open unresponsive/waiting",
        to: "unresponsive/waiting",
        reason: loss,
        detail,
        effects: LOST,
      },
      { event, from: "paused/connecting paused/open paused/waiting", to: "=/waiting", effects: LOST },
      {
        event,
        from: "stopping/connecting stopping/open stopping/waiting",
        to: "=/none",
        effects: ["disconnect", "freezeWindows"],
      },
    ];
  }),
  {
    event: "linkLost protocol-violation",
    from: "starting/connecting starting/waiting running/open unresponsive/connecting unresponsive/open unresponsive/waiting",
    to: "unresponsive/cut-off",
    reason: "protocol-violation",
    detail: "flood",
    effects: ["disconnect", "freezeWindows"],
  },
  {
    event: "linkLost protocol-violation",
    from: "paused/connecting paused/open paused/waiting",
    to: "=/cut-off",
    effects: ["disconnect", "freezeWindows"],
  },
  {
    event: "linkLost protocol-violation",
    from: "stopping/connecting stopping/open stopping/waiting",
    to: "=/none",
    effects: ["disconnect", "freezeWindows"],
  },
  {
    event: "startOverdue",
    from: "starting/connecting starting/waiting",
    to: "unresponsive/=",
    reason: "agent-lost",
    detail:
      "Its system does not come up: it may need more memory, or hang. Look at its console's log, or stop it; it may also just be slow.",
  },
  {
    event: "reconnectDue",
    from: "starting/waiting paused/waiting stopping/waiting unresponsive/waiting",
    to: "=/connecting",
    effects: ["connect"],
  },
];

function nameOf({ state, link }: VmCondition): string {
  return `${state}/${link}`;
}

/** Recognisable reason, detail and phase: what an event leaves alone shows. */
function conditionOf(name: ConditionName): VmCondition {
  const [state, link] = name.split("/") as [VmState, LinkState];
  const violation = link === "cut-off" ? "the violation" : "";
  return { state, link, reason: "killed", detail: "before", phase: state === "starting" ? "boot" : null, violation };
}

function matches(pattern: string, name: string): boolean {
  return pattern.split(" ").some((one) => {
    const [state, link] = one.split("/");
    const [actualState, actualLink] = name.split("/");
    return (state === "*" || state === actualState) && (link === "*" || link === actualLink);
  });
}

describe.each(Object.keys(EVENTS) as EventName[])("%s", (event) => {
  it.each(CONDITIONS)("in %s", (name) => {
    const rows = TABLE.filter((row) => row.event === event && matches(row.from, name));
    const before = conditionOf(name);
    const made = transition(before, EVENTS[event]);
    const [row] = rows;
    if (row === undefined) return expect(made).toBeNull();
    expect(rows).toHaveLength(1);
    const [state, link] = row.to.split("/").map((part, index) => (part === "=" ? name.split("/")[index] : part));
    expect(made?.effects).toEqual(row.effects ?? []);
    expect(made?.condition).toMatchObject({ state, link });
    // What stays in its state keeps the reason for it, too.
    if (row.to.startsWith("="))
      expect(made?.condition).toMatchObject({ reason: "killed", detail: "before", phase: before.phase });
    else
      expect(made?.condition).toMatchObject({
        reason: row.reason ?? null,
        detail: row.detail ?? "",
        phase: row.phase ?? null,
      });
  });
});

it("the conditions of the table are those that a VM can come to", () => {
  const seen = new Map([[nameOf(INITIAL), INITIAL]]);
  const open = [INITIAL];
  for (let condition = open.pop(); condition !== undefined; condition = open.pop()) {
    for (const event of Object.values(EVENTS)) {
      const next = transition(condition, event)?.condition;
      if (next === undefined || seen.has(nameOf(next))) continue;
      seen.set(nameOf(next), next);
      open.push(next);
    }
  }
  expect([...seen.keys()].sort()).toEqual([...CONDITIONS].sort());
});

it("a violation is remembered over a pause, and forgotten at the next start", () => {
  const events: EventName[] = [
    "machineFound boot",
    "helloReceived",
    "linkLost protocol-violation",
    "machinePaused asked",
  ];
  const after = (condition: VmCondition, names: EventName[]): VmCondition =>
    names.reduce((last, name) => transition(last, EVENTS[name])?.condition ?? last, condition);
  const paused = after(INITIAL, events);
  expect(after(paused, ["machineResumed"])).toMatchObject({
    state: "unresponsive",
    reason: "protocol-violation",
    detail: "flood",
  });
  const again = after(paused, ["machineEnded killed", "startRequested", "machineFound boot", "helloReceived"]);
  expect(again).toMatchObject({ state: "running", link: "open", violation: "" });
});
