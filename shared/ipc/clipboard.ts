/** The clipboard of all VMs: paste gestures, what waits for the person, copying to the host, the history, the command. */
import { z } from "zod";
import { CLIP_TYPES, PASTE_GESTURES } from "../model/clip.ts";
import { LABEL_NAMES } from "../model/label.ts";
import { MAX_CLIP_BYTES, MAX_CLIP_TYPE_BYTES } from "../protocol/limits.ts";
import { MAX_U32 } from "../protocol/violation.ts";
import { crossingParty } from "./crossing.ts";
import { domain, event, report, request } from "./declare.ts";
import { askS, nothing, vmId, vmReference, windowId } from "./fields.ts";

const clipType = z.enum(CLIP_TYPES);
/** Unicode code points of a text; null: it is none. */
const characters = z.int().min(0).nullable();
/** null: the host. */
const party = vmId.nullable();

/** What a paste in another VM would bring, as far as the policy lets it. Never its content. */
const currentClip = z.strictObject({
  from: party,
  types: z.array(clipType),
  /** It has the hint of a password manager. */
  isSecret: z.boolean(),
});
export type CurrentClipView = z.infer<typeof currentClip>;

/** A program of `vm` has asked for the content without a gesture: the small bar. */
const waitingPaste = z.strictObject({
  /** Of the bar; never used twice. */
  id: z.int().min(1),
  vm: vmId,
  /** Where it would come from. */
  from: party,
  /** What the VM's focused window calls its program, cleaned: the guest's word; "" where it has none. */
  app: z.string(),
  type: clipType,
  /** It lapses then, milliseconds from the event. */
  lapsesInMs: z.int().min(0),
});
export type WaitingPasteView = z.infer<typeof waitingPaste>;

const historyEntry = z.strictObject({
  id: z.int().min(1),
  /** Where it was copied; it may have been removed since: hence its name, and its label. */
  vm: vmId,
  vmName: z.string(),
  label: z.enum(LABEL_NAMES),
  /** Foreign text: its beginning, in lines; bidi controls are in it. */
  text: z.string(),
  /** Unicode code points of all of it. */
  characters: z.int().min(0),
  ageS: z.int().min(0),
  /** It does not expire, and stays when the history is cleared. */
  isPinned: z.boolean(),
});
export type ClipHistoryEntry = z.infer<typeof historyEntry>;
const historyId = z.strictObject({ entry: z.int().min(1) });

/** A MIME type as a person writes it; one that no clip can have is "not offered". */
const wantedType = z.string().min(1).max(MAX_CLIP_TYPE_BYTES).default("text/plain;charset=utf-8");
/** Bytes of a clip in base64. No pattern: on so long a text it would cost more than the decoding. */
const content = z.string().max(Math.ceil(MAX_CLIP_BYTES / 3) * 4);

export const clipboardContract = domain({
  requests: {
    /** What the host holds becomes the current clip, and the gesture counts as one of the menu. @throws AppError clipboard.empty, window.not-found */
    "clipboard.pasteFromHost": request({
      from: ["page"],
      input: z.strictObject({ window: windowId }),
      output: z.null(),
    }),
    /**
     * The person's explicit act (Super+C, "Copy to host"): what was copied last in this VM becomes the host's. Answered when it
     * is there; of copied files, when their transfer is about to begin. @throws AppError clipboard.empty, policy.denied, policy.unanswered, clipboard.failed
     */
    "clipboard.copyToHost": request({ from: ["page"], input: z.strictObject({ vm: vmId }), output: z.null() }),
    /** Texts that were copied, newest first, pinned ones before them. `search`: words that all must be in it; "" = all. */
    "clipboard.history": request({
      from: ["page"],
      input: z.strictObject({ search: z.string().max(200), label: z.enum(LABEL_NAMES).nullable() }),
      output: z.array(historyEntry),
    }),
    /** It becomes the current clip, as copied by its VM just now. @throws AppError clipboard.gone */
    "clipboard.pick": request({ from: ["page"], input: historyId, output: z.null() }),
    "clipboard.pin": request({ from: ["page"], input: historyId.extend({ isPinned: z.boolean() }), output: z.null() }),
    "clipboard.forget": request({ from: ["page"], input: historyId, output: z.null() }),
    /** Of one label, or of all; what is pinned stays. */
    "clipboard.clearHistory": request({
      from: ["page"],
      input: z.strictObject({ label: z.enum(LABEL_NAMES).nullable() }),
      output: z.null(),
    }),

    "clipboard.get": request({
      from: ["cli"],
      input: z.strictObject({ vm: vmReference, type: wantedType, askS }),
      output: z.strictObject({ type: clipType, content }),
    }),
    "clipboard.put": request({
      from: ["cli"],
      input: z.strictObject({ vm: vmReference, type: wantedType, askS, content }),
      output: z.strictObject({ type: clipType, bytes: z.int().min(0), characters }),
    }),
    /** `from`: a VM's name, or `@host`; null: nothing can be pasted in another VM. */
    "clipboard.show": request({
      from: ["cli"],
      input: nothing,
      output: z
        .strictObject({
          /** Of this clip: each that is copied later has a larger one. */
          id: z.int().min(1),
          from: z.string(),
          types: z.array(clipType),
          bytes: z.null(),
          ageS: z.int().min(0),
        })
        .nullable(),
    }),
  },
  reports: {
    /**
     * The person wants to paste in this window: before the key or button goes to its VM. `chord`: its number, as the VM's link
     * gets it before that input (`pasteChord`), which it holds until main has said what comes of it.
     */
    "clipboard.gesture": report({
      from: ["page"],
      input: z.strictObject({
        window: windowId,
        kind: z.enum(PASTE_GESTURES),
        chord: z.int().min(1).max(MAX_U32).optional(),
      }),
    }),
    /** The person's answer to the small bar of that id; one that has lapsed is ignored. */
    "clipboard.answer": report({
      from: ["page"],
      input: z.strictObject({ id: z.int().min(1), answer: z.enum(["paste", "ignore"]) }),
    }),
  },
  events: {
    /** At each change, and when the page has attached. */
    "clipboard.changed": event({
      to: ["page"],
      payload: z.strictObject({
        current: currentClip.nullable(),
        /** All small bars that are open; one VM has one at most. */
        waiting: z.array(waitingPaste),
        /** As in the settings: for the keyboard. */
        pasteKeys: z.array(z.string()),
      }),
    }),
    /** The history is not what it was: ask again where it is shown. */
    "clipboard.historyChanged": event({ to: ["page"], payload: nothing }),
    /**
     * The person has pasted files, and there is no transfer: the list of what was copied has too many (`size`), is no list of files
     * (`content`), or its VM did not give it (`source`).
     */
    "clipboard.filesNotPasted": event({
      to: ["page"],
      payload: z.strictObject({ from: crossingParty, to: crossingParty, why: z.enum(["size", "content", "source"]) }),
    }),
  },
});
