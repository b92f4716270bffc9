/** Who talks to what: the view "Network", and the command `network`. */
import { z } from "zod";
import {
  ALERT_ACTIONS,
  type AlertView,
  type AskCard,
  MAX_ASKING_PROGRAMS,
  CARD_ANSWERS,
  CHART_SAMPLES,
  FILTER_STATES,
  type FilterView,
  FLOW_PROTOCOLS,
  FLOW_STATES,
  type FlowRule,
  type FlowView,
  LEAK_RESULTS,
  type LeakFinding,
  type LinkTraffic,
  type MovedFlows,
  type PastFlow,
  SCANNER_STATES,
  type ScannerView,
  type ShownFlow,
} from "../model/network.ts";
import { POLICY_DECISIONS } from "../model/policy.ts";
import { ruleAtLine } from "./crossing.ts";
import { domain, event, request } from "./declare.ts";
import { nothing, vmId, vmReference } from "./fields.ts";
import { policyChange } from "./policy.ts";

const decision = z.enum(POLICY_DECISIONS);
const amount = z.number().min(0);
const milliseconds = z.number().min(0);

const rule: z.ZodType<FlowRule> = z.strictObject({
  id: z.string(),
  revision: z.int().min(0),
  line: z.int().min(1).nullable(),
  text: z.string(),
});

const ended = {
  vm: z.string(),
  name: z.string().nullable(),
  address: z.string().nullable(),
  toVm: z.string().nullable(),
  port: z.int().min(0).max(65_535).nullable(),
  protocol: z.enum(FLOW_PROTOCOLS),
  bytesOut: amount,
  bytesIn: amount,
  verdict: decision,
  rule,
  reason: z.string(),
  ageS: amount,
};
const flowFields = { ...ended, state: z.enum(FLOW_STATES) };
const moved: z.ZodType<MovedFlows> = z.strictObject({
  keys: z.array(z.string()),
  numbers: z.instanceof(Float64Array),
});
const flow: z.ZodType<FlowView> = z.strictObject(flowFields);
const shownFlow: z.ZodType<ShownFlow> = z.strictObject({
  ...flowFields,
  key: z.string(),
  vmId,
  count: z.int().min(1),
  rateOut: amount,
  rateIn: amount,
  endedMs: milliseconds.nullable(),
});
const pastFlow: z.ZodType<PastFlow> = z.strictObject({ ...ended, endedMs: milliseconds, count: z.int().min(1) });
const traffic: z.ZodType<LinkTraffic> = z.strictObject({
  vmId,
  chartOut: z.array(amount).max(CHART_SAMPLES),
  chartIn: z.array(amount).max(CHART_SAMPLES),
  packetsDenied: amount,
});
const filter: z.ZodType<FilterView> = z.strictObject({
  state: z.enum(FILTER_STATES),
  revision: z.int().min(0),
  sinceMs: milliseconds.nullable(),
  detail: z.string(),
});
const alert: z.ZodType<AlertView> = z.strictObject({
  time: z.iso.datetime(),
  vm: z.string(),
  name: z.string().nullable(),
  address: z.string().nullable(),
  toVm: z.string().nullable(),
  port: z.int().nullable(),
  direction: z.enum(["in", "out"]),
  signature: z.string(),
  severity: z.int(),
  action: z.enum(ALERT_ACTIONS),
});
const scanner: z.ZodType<ScannerView> = z.strictObject({ state: z.enum(SCANNER_STATES), detail: z.string() });

const card: z.ZodType<AskCard> = z.strictObject({
  id: z.int().min(1),
  vmId,
  vm: z.string(),
  names: z.array(z.string()).min(1),
  programs: z.array(z.string()).max(MAX_ASKING_PROGRAMS),
  ports: z.array(z.int().nullable()).min(1),
  domain: z.string().nullable(),
  count: z.int().min(1),
  sinceMs: milliseconds,
  lastMs: milliseconds,
});

const hostName = z.string().regex(/^(?=.{1,253}$)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/i, "no name");
const leakFinding: z.ZodType<LeakFinding> = z.strictObject({
  title: z.string(),
  to: z.string(),
  result: z.enum(LEAK_RESULTS),
});
const MAX_LEAK_FINDINGS = 100;

/** NAME[:PORT], ADDRESS[:PORT], and as a rule has it also *.NAME[:PORT]. It is looked at: what is neither is refused. */
const destination = z.string().max(300);

/** A rule that is made of a connection: `vm` may, or may not, or must ask to, connect to `to`. */
const proposedRule = z.strictObject({
  vm: vmReference,
  /** As a rule has it. */
  to: destination,
  /** The connection that it is made of: the rule comes before the one that decides about this. */
  about: destination,
  decision,
  /** The rule ends after so many minutes; null: it has no end. */
  minutes: z
    .int()
    .min(1)
    .max(60 * 24 * 7)
    .nullable(),
});
export type ProposedRule = z.output<typeof proposedRule>;

/** Alerts that are shown at once. */
export const MAX_SHOWN_ALERTS = 100;
/** Past flows that are shown at once. */
export const MAX_PAST_FLOWS = 500;
/** Flows that a rule would have changed, of which no more are listed. */
export const MAX_FLIPS = 50;

export const networkContract = domain({
  requests: {
    /** Those that are open, and those that ended in the last ten minutes. */
    "network.flows": request({ from: ["cli"], input: nothing, output: z.array(flow) }),
    /** From now on each flow that begins, ends or is refused comes to this connection as `network.flow`. */
    "network.follow": request({ from: ["cli"], input: nothing, output: z.null() }),
    /**
     * What the policy says of a connection, and whether it is there: tried from the VM's own link, one that is denied too.
     * @throws AppError vm.not-found, usage.bad-argument, exec.failed, exec.lost
     */
    "network.test": request({
      from: ["page", "cli"],
      input: z.strictObject({ vm: vmReference, to: destination }),
      output: z.strictObject({
        decision,
        rule: ruleAtLine.nullable(),
        explanation: z.string(),
        /** null: the VM does not run. */
        reached: z.boolean().nullable(),
      }),
    }),
    /**
     * Tries ways out of the VM from inside: what is reached and must not be is a leak. What is tried on the internet can be named.
     * @throws AppError vm.not-found, vm.not-running, exec.failed, exec.lost, network.not-checked
     */
    "network.check": request({
      from: ["page", "cli"],
      input: z.strictObject({
        vm: vmReference,
        targets: z
          .strictObject({
            ipv4: z.ipv4(),
            ipv6: z.ipv6(),
            resolver: z.ipv4(),
            name: hostName,
            privateName: hostName,
          })
          .partial()
          .default({}),
      }),
      output: z.array(leakFinding).max(MAX_LEAK_FINDINGS),
    }),
    /** Newest first. null: all that are kept. */
    "network.alerts": request({
      from: ["cli"],
      input: z.strictObject({ sinceS: z.number().min(0).nullable().default(null) }),
      output: z.array(alert),
    }),

    /** All that there is; while it is watched, what changes comes as `network.changed`, once a second at most. */
    "network.watch": request({
      from: ["page"],
      input: z.strictObject({ isWatched: z.boolean() }),
      output: z.strictObject({
        filter,
        flows: z.array(shownFlow),
        traffic: z.array(traffic),
        scanner,
        /** The newest, newest first. */
        alerts: z.array(alert).max(MAX_SHOWN_ALERTS),
      }),
    }),
    /** Connections of the last days that have ended, newest first. */
    "network.history": request({
      from: ["page"],
      input: z.strictObject({
        days: z.int().min(1).max(7),
        /** Each has to be somewhere in VM, name, address or rule. */
        words: z.array(z.string().max(200)).max(20),
        verdict: decision.nullable(),
      }),
      output: z.strictObject({ flows: z.array(pastFlow).max(MAX_PAST_FLOWS), total: z.int().min(0) }),
    }),
    /** What `network.makeRule` would do, without doing it. @throws AppError policy.broken, usage.bad-argument */
    "network.tryRule": request({
      from: ["page"],
      input: proposedRule,
      output: z.strictObject({
        /** Where it would stand, and what; null: it says so already. */
        rule: ruleAtLine.nullable(),
        tests: z.array(z.strictObject({ name: z.string(), ok: z.boolean() })),
        /** Flows of the last 7 days that would have been decided otherwise, newest first. */
        flips: z.array(z.strictObject({ flow: pastFlow, now: decision })).max(MAX_FLIPS),
        flipCount: z.int().min(0),
        /** Flows of the last 7 days. */
        flowCount: z.int().min(0),
        /** Connections that are open now and would be ended. */
        ends: z.int().min(0),
      }),
    }),
    /** @throws AppError policy.broken, where a test fails or the file is broken; policy.changed, usage.bad-argument */
    "network.makeRule": request({ from: ["page"], input: proposedRule, output: policyChange }),
    /**
     * A person's answer to a card: about `name`, which is one of its names, or "*.DOMAIN". Where it has written a rule, that can
     * be undone. A card that is not there any more is not answered: null. @throws AppError policy.broken, policy.changed, audit.unwritable
     */
    "network.answer": request({
      from: ["page"],
      input: z.strictObject({ card: z.int().min(1), name: destination, answer: z.enum(CARD_ANSWERS) }),
      output: policyChange.nullable(),
    }),
  },
  events: {
    /** Names that VMs want to connect to and a person is asked about, the oldest first; also when the page has attached. */
    "network.cards": event({ to: ["page"], payload: z.strictObject({ cards: z.array(card) }) }),
    "network.flow": event({ to: ["cli"], payload: flow }),
    /** Since the last one: flows that are new or not what they were, and those that are in the list no more. */
    "network.changed": event({
      to: ["page"],
      payload: z.strictObject({
        filter,
        flows: z.array(shownFlow),
        /** Those of which bytes and rates alone are not what they were. */
        moved,
        gone: z.array(z.string()),
        traffic: z.array(traffic),
        scanner,
        /** null: there is no other one than before. */
        alerts: z.array(alert).max(MAX_SHOWN_ALERTS).nullable(),
      }),
    }),
  },
});
