/** What crosses between VMs: the question to the person where the policy asks, and what they are told of each crossing. */
import { z } from "zod";
import {
  CROSSING_ANSWERS,
  type CrossingParty,
  type CrossingPreview,
  DECIDED_BY,
  MAX_COUNTED_REQUESTS,
  MAX_PREVIEW_CHARACTERS,
} from "../model/crossing.ts";
import { parseShownPicture, type ShownPicture } from "../model/picture.ts";
import { LABEL_NAMES } from "../model/label.ts";
import { POLICY_ACTIONS } from "../model/policy.ts";
import { VM_ROLES } from "../model/vm.ts";
import { CARD_ANSWERS } from "../model/network.ts";
import { domain, event, question, request } from "./declare.ts";
import { nothing, vmId } from "./fields.ts";

export const crossingParty: z.ZodType<CrossingParty> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("vm"),
    id: vmId,
    name: z.string(),
    label: z.enum(LABEL_NAMES).nullable(),
    role: z.enum(VM_ROLES),
  }),
  z.strictObject({ kind: z.literal("host") }),
  z.strictObject({ kind: z.literal("new-disposable") }),
  z.strictObject({ kind: z.literal("destination"), name: z.string() }),
  z.strictObject({ kind: z.literal("service"), name: z.string() }),
]);

/** A rule of policy.yaml: its line, from 1, and the rule on one line. */
export const ruleAtLine = z.strictObject({ line: z.int().min(1), text: z.string() });
const decidedBy = z.enum(DECIDED_BY);

const byteCount = z.int().min(0);
const preview: z.ZodType<CrossingPreview> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("text"),
    text: z.string().max(MAX_PREVIEW_CHARACTERS),
    bytes: byteCount,
    isComplete: z.boolean(),
  }),
  z.strictObject({
    kind: z.literal("picture"),
    bytes: byteCount,
    isComplete: z.boolean(),
    picture: z.custom<ShownPicture>((value) => parseShownPicture(value) !== null),
  }),
  z.strictObject({ kind: z.literal("none"), bytes: byteCount, isComplete: z.boolean() }),
  z.strictObject({ kind: z.literal("hidden"), characters: z.int().min(0).nullable() }),
]);

/** Of a prompt; never used twice, and the same when the page is loaded anew. */
const promptId = z.int().min(1);
const requests = z.int().min(1).max(MAX_COUNTED_REQUESTS);
const crossingFields = {
  action: z.enum(POLICY_ACTIONS),
  from: crossingParty,
  to: crossingParty,
  /** A MIME type; null: there is none. */
  type: z.string().nullable(),
};

const answerName = z.enum(CROSSING_ANSWERS);
/** Of prompts and of cards (shared/model/network.ts). */
export const buttonName = z.enum([...new Set([...CROSSING_ANSWERS, ...CARD_ANSWERS])]);
/** Physical pixels of the host's screen. */
const button = z.strictObject({
  name: buttonName,
  x: z.number(),
  y: z.number(),
  width: z.number(),
  height: z.number(),
  enabled: z.boolean(),
});

export const crossingContract = domain({
  requests: {
    /** The prompts that are open, the one on the screen first; those behind it have no buttons yet. */
    "prompt.list": request({
      from: ["cli"],
      input: nothing,
      output: z.array(
        z.strictObject({
          id: promptId,
          /** `card`: a VM's first connection to a name, which waits in a queue. */
          kind: z.enum(["prompt", "card"]),
          action: z.enum(POLICY_ACTIONS),
          from: z.string(),
          to: z.string(),
          type: z.string().nullable(),
          bytes: byteCount.nullable(),
          ageS: z.number().min(0),
          buttons: z.array(button),
        }),
      ),
    }),
  },
  questions: {
    /** May this cross? Its element has `data-prompt="PROMPT"`, its buttons have `data-answer="once|minutes|always|deny"`. */
    crossing: question({
      payload: z.strictObject({
        prompt: promptId,
        ...crossingFields,
        /** What the program calls itself that wants it, cleaned: the guest's word; "" where there is none. */
        app: z.string(),
        isSecret: z.boolean(),
        /** As it is now; null: there is nothing to show. `crossing.preview` brings what comes. */
        preview: preview.nullable(),
        /** How long before the question the person copied it, seconds; null: it was not copied. */
        copiedAgoS: z.number().min(0).nullable(),
        /** That the answer is for, so far. `crossing.joined` brings more. */
        requests,
        /** The rule that asks, or allows it. */
        rule: ruleAtLine,
        /** What the person should know before they answer, guest text in it cleaned; "" = nothing. */
        warning: z.string(),
        /** The buttons that are there, `deny` always. Without `always` its rule asks every time, or could not name the VM. */
        answers: z.array(answerName),
      }),
      answer: answerName,
    }),
  },
  events: {
    /** Of a prompt that is open. */
    "crossing.preview": event({ to: ["page"], payload: z.strictObject({ prompt: promptId, preview }) }),
    /** Another request has joined an open prompt. */
    "crossing.joined": event({ to: ["page"], payload: z.strictObject({ prompt: promptId, requests }) }),
    /** Something has crossed, or was denied. */
    "crossing.notice": event({
      to: ["page"],
      payload: z.strictObject({
        /** Of its entry in the audit log. */
        seq: z.int().min(1),
        ...crossingFields,
        bytes: byteCount.nullable(),
        characters: z.int().min(0).nullable(),
        decision: z.enum(["allow", "deny"]),
        by: decidedBy,
        detail: z.string(),
        /** Why not all of what was allowed has arrived, in words for people, guest text escaped; "" = nothing is known against it. */
        failure: z.string(),
      }),
    }),
  },
});
