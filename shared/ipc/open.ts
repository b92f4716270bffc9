/** Opening files and links: where each belongs, the choice of the person, and what became of it. */
import { z } from "zod";
import { MAX_COMPARED_BYTES, OPEN_OUTCOMES, OPEN_STEPS, type OpenPlace, TYPE_GROUPS } from "../model/open.ts";
import { POLICY_DECISIONS } from "../model/policy.ts";
import { MAX_FILE_PATH_BYTES, MAX_URL_BYTES } from "../protocol/limits.ts";
import { crossingParty, ruleAtLine } from "./crossing.ts";
import { domain, event, question, request } from "./declare.ts";
import { askS, chosenFiles, nothing, vmId, vmReference, windowId } from "./fields.ts";
import { problem } from "./problem.ts";

const group = z.enum(TYPE_GROUPS);

/** What is opened, as people are shown it: the word of whoever has it, hidden characters are in it. To be drawn as a quotation. */
const shownItem = z.discriminatedUnion("kind", [
  /** `type`: its MIME type; null: not known. */
  z.strictObject({ kind: z.literal("file"), name: z.string().max(MAX_FILE_PATH_BYTES), type: z.string().nullable() }),
  /** The whole of it, in ASCII. */
  z.strictObject({ kind: z.literal("url"), url: z.string().max(MAX_URL_BYTES) }),
]);
export type ShownItem = z.infer<typeof shownItem>;

const place: z.ZodType<OpenPlace> = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("here") }),
  z.strictObject({ kind: z.literal("vm"), vm: vmId }),
  z.strictObject({ kind: z.literal("disposable") }),
  z.strictObject({ kind: z.literal("safe") }),
]);

const choice = z.strictObject({
  place,
  /** Of `here`: where it comes from. */
  party: crossingParty,
  /** What there is to know of it: "runs already", "has Evince", "does not run: it is started". */
  why: z.string(),
});

/** What a rule says by `in`: "here", "disposable", "ask", or a VM's name. */
const inWord = z.string().max(100);

/** A rule of open.yaml for one group from one origin, as the settings make it. */
const cell = z.strictObject({
  group,
  /** As a rule has it: `word` of a column of the table. */
  from: z.string().max(100),
});

/** A change of open.yaml that can be undone. */
const change = z.strictObject({
  /** For `open.undo`. */
  change: z.int().min(1),
  /** The rule that was written; null: one was taken away. */
  rule: ruleAtLine.nullable(),
});
export type OpenChange = z.infer<typeof change>;

const where = z.strictObject({
  /** `disposable` also where no rule matches. */
  in: inWord,
  /** A file is opened to be edited, and comes back. */
  edit: z.boolean(),
  /** Of open.yaml; null: none matches. */
  rule: ruleAtLine.nullable(),
  /** For people: why. */
  explanation: z.string(),
});

export const openContract = domain({
  requests: {
    /**
     * Opens a file or a link where the rules say, or where the caller does. Answered when its window is there.
     * @throws AppError open.*, policy.denied, policy.unanswered, vm.*, template.*, transfer.*, disposable.*, usage.bad-argument
     */
    "open.open": request({
      from: ["page", "cli"],
      input: z.strictObject({
        item: z.discriminatedUnion("kind", [
          /** Absolute; of a VM also relative to its user's home. */
          z.strictObject({ kind: z.literal("file"), path: z.string().min(1).max(MAX_FILE_PATH_BYTES) }),
          /** A file of this computer; all that the page can name of it. */
          z.strictObject({ kind: z.literal("chosen"), files: chosenFiles }),
          /** One that a transfer has brought, where it is now; `from` does not count. */
          z.strictObject({ kind: z.literal("arrived"), transfer: z.int().min(1), index: z.int().min(0) }),
          z.strictObject({ kind: z.literal("url"), url: z.string().max(100_000) }),
        ]),
        /** Who has the file, or the link; null: the host. */
        from: vmReference.nullable().default(null),
        /** Left out: as the rules say. */
        in: z
          .discriminatedUnion("kind", [
            z.strictObject({ kind: z.literal("vm"), vm: vmReference }),
            z.strictObject({ kind: z.literal("disposable") }),
            /** Not the file, but a safe copy of it, in the VM that has it; one of the host in a disposable. */
            z.strictObject({ kind: z.literal("safe") }),
          ])
          .optional(),
        edit: z.boolean().default(false),
        /** Answered when the window has been closed, and what was edited is back. */
        wait: z.boolean().default(false),
        /** The page waits as long as the person likes. */
        askS: askS,
      }),
      output: z.strictObject({
        /** Name of the VM in which it is open. */
        vm: z.string(),
        /** null: no new one came, as a browser shows a link in one that it has. */
        windowId: windowId.nullable(),
        decision: z.enum(["here", "vm", "disposable", "safe"]),
        /** Of `safe`: the copy in that VM. `path`: the guest's word, hidden characters are in it; `bytes`: of the PDF. */
        safe: z
          .strictObject({ path: z.string().max(MAX_FILE_PATH_BYTES), pages: z.int().min(1), bytes: z.int().min(0) })
          .optional(),
        /** The rule of open.yaml that decided; null: the caller did, or the person, or none matches. */
        rule: ruleAtLine.nullable(),
        /** With `wait`: whether what was edited came back. */
        returned: z.boolean().optional(),
      }),
    }),
    /** The rules as a table: what opens where, by its group and by where it comes from. */
    "open.table": request({
      from: ["page"],
      input: nothing,
      output: z.strictObject({
        /** Absolute path of open.yaml. */
        file: z.string(),
        /** Why the file is not used: the rules before it are. */
        problem: problem.nullable(),
        columns: z.array(z.strictObject({ word: z.string(), party: crossingParty })),
        rows: z.array(
          z.strictObject({
            group,
            /** One for each column. */
            cells: z.array(
              z.strictObject({
                ...where.shape,
                /** Its rule is for this group and this origin alone: it can be taken back. */
                isOwn: z.boolean(),
                /** What the policy says of it; null: it stays where it is, or it is asked for. */
                policy: z.enum(POLICY_DECISIONS).nullable(),
              }),
            ),
          }),
        ),
        /** What a rule's `in` may be, beside `here`, `disposable` and `ask`: names of VMs. */
        vms: z.array(z.string()),
      }),
    }),
    /** Where this would open, and which line says so. @throws AppError vm.not-found */
    "open.explain": request({ from: ["page"], input: cell, output: where }),
    /**
     * Writes the rule for this cell before the one that decides now, or changes the cell's own.
     * @throws AppError open.bad-rule, open.changed
     */
    "open.setRule": request({
      from: ["page"],
      input: z.strictObject({ ...cell.shape, in: inWord, edit: z.boolean().default(false) }),
      output: change,
    }),
    /** Both texts of what was changed in two places, the words of whoever has them. @throws AppError open.not-comparable, vm.* */
    "open.compare": request({
      from: ["page"],
      input: z.strictObject({ comparison: z.int().min(1) }),
      output: z.strictObject({
        name: z.string(),
        there: z.string().max(MAX_COMPARED_BYTES),
        edited: z.string().max(MAX_COMPARED_BYTES),
      }),
    }),
    /** Takes the rule at `line` away, if it still says `text`. @throws AppError open.changed, open.bad-rule */
    "open.takeBack": request({ from: ["page"], input: ruleAtLine, output: change }),
    /** The file is as it was before that change. @throws AppError open.changed, where it was edited since */
    "open.undo": request({ from: ["page"], input: z.strictObject({ change: z.int().min(1) }), output: z.null() }),
  },
  questions: {
    /**
     * Where shall it open? Drawn as the prompt of a crossing is: its answer is one, so that nothing is asked again. null: nowhere.
     */
    "open.choose": question({
      payload: z.strictObject({
        item: shownItem,
        group,
        from: crossingParty,
        /** The rule of open.yaml that asks; null: a choice is due whatever the rules say. */
        rule: ruleAtLine.nullable(),
        /** For people: why it is asked. */
        explanation: z.string(),
        /** Those that the policy would not deny, what suits best first. There may be none. */
        choices: z.array(choice),
        /** A file, which may be edited elsewhere than where it comes from. */
        canEdit: z.boolean(),
        /** "Always for this type" can be offered. */
        canRemember: z.boolean(),
      }),
      answer: z
        .strictObject({
          place,
          /** It comes back when it was saved. Of `here` it says nothing. */
          edit: z.boolean(),
          /** From now on so for all of this group from there. */
          always: z.boolean(),
        })
        .nullable(),
    }),
  },
  events: {
    /** The rules are not what they were: ask again what is shown. */
    "open.rulesChanged": event({
      to: ["page"],
      /** `written`: by an answer "always for this type", to be told with "Undo". */
      payload: z.strictObject({ written: change.nullable() }),
    }),
    /** Of the connection's own `open.open`: what it waits for. `vm`: for people; "" while it asks. `pages`: of `rendering`. */
    "open.progress": event({
      to: ["cli"],
      payload: z.strictObject({
        step: z.enum(OPEN_STEPS),
        vm: z.string(),
        pages: z.strictObject({ done: z.int().min(1), of: z.int().min(1) }).optional(),
      }),
    }),
    /** For the person, who has not waited for it: shown for a moment. */
    "open.notice": event({
      to: ["page"],
      payload: z.strictObject({
        item: shownItem,
        outcome: z.enum(OPEN_OUTCOMES),
        from: crossingParty,
        /** Where it was to open; null: it did not come to that. */
        to: crossingParty.nullable(),
        /** For people: what happened, and what to do. */
        detail: z.string(),
        /** Of `kept-both`: what differs can be asked for by this number; null: nothing of it is known. */
        comparison: z.int().min(1).nullable(),
        /** Of `no-handler`: who has a program for it, VMs that run first. */
        programs: z.array(
          z.strictObject({
            /** Name; null: it is the template's, of which no VM is known to have one. */
            vm: z.string().nullable(),
            /** What the VM is made from; null: nothing. */
            template: z.string().nullable(),
            program: z.string(),
            /** The VM; null: there is none. */
            party: crossingParty.nullable(),
          }),
        ),
      }),
    }),
  },
});
