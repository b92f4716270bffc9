/** Files on their way between VMs and the host: the transfers' view, and the commands `cp` and `transfer`. */
import { z } from "zod";
import { LABEL_NAMES } from "../model/label.ts";
import {
  FILE_REASONS,
  FILE_STATES,
  HELD_REASONS,
  TRANSFER_STATES,
  type TransferFile,
  type TransferView,
} from "../model/transfer.ts";
import { MAX_CHOSEN_FILES, MAX_FILE_PATH_BYTES } from "../protocol/limits.ts";
import { crossingParty } from "./crossing.ts";
import { domain, event, question, request } from "./declare.ts";
import { askS, chosenFiles, nothing, vmId, vmReference } from "./fields.ts";

const count = z.int().min(0);
const id = z.int().min(1);
const state = z.enum(TRANSFER_STATES);
/** At its place: absolute, or relative to the user's home (a VM's). */
const filePath = z.string().min(1).max(MAX_FILE_PATH_BYTES);

const view: z.ZodType<TransferView> = z.strictObject({
  id,
  from: crossingParty,
  to: crossingParty,
  name: z.string(),
  chosen: count,
  state,
  detail: z.string(),
  files: count,
  doneFiles: count,
  bytes: count,
  doneBytes: count,
  rate: z.number().min(0).nullable(),
  remainingS: z.number().min(0).nullable(),
  failed: count,
  canRetry: z.boolean(),
});

const file: z.ZodType<TransferFile> = z.strictObject({
  index: count,
  path: z.string(),
  isFolder: z.boolean(),
  bytes: count,
  state: z.enum(FILE_STATES),
  reason: z.enum([...FILE_REASONS, ...HELD_REASONS]).nullable(),
  scan: z.string(),
  canOpen: z.boolean(),
});

/** As the command prints it; parties as the policy names them. */
const row = z.strictObject({
  id,
  from: z.string(),
  to: z.string(),
  state,
  files: count,
  doneFiles: count,
  bytes: count,
  doneBytes: count,
  failed: count,
});
const notCopied = z.strictObject({ path: z.string(), reason: z.string() });
/** `scan`: what scanners have said of it, for people; "" = nothing. */
const refusedCopy = notCopied.extend({ scan: z.string() });

/** @throws AppError transfer.not-found, transfer.wrong-state */
const order = request({ from: ["page", "cli"], input: z.strictObject({ id }), output: row });

/** Entries of `transfer.files` at once. */
export const MAX_FILES_PAGE = 500;

export const transferContract = domain({
  requests: {
    /**
     * Sends files to the folder for what comes in, as a drop on a VM's chip does. null: the host. Answered when it is in the list
     * of transfers; how it goes on is told by `transfer.changed`. @throws AppError vm.not-found, usage.bad-argument
     */
    "transfer.send": request({
      from: ["page"],
      input: z.strictObject({
        source: z.discriminatedUnion("kind", [
          z.strictObject({ kind: z.literal("chosen"), files: chosenFiles }),
          z.strictObject({ kind: z.literal("vm"), vm: vmId, paths: z.array(filePath).min(1).max(MAX_CHOSEN_FILES) }),
        ]),
        to: vmId.nullable(),
      }),
      output: z.strictObject({ id }),
    }),
    /** Files and folders of a transfer, `offset` and up, in the order of the list. @throws AppError transfer.not-found */
    "transfer.files": request({
      from: ["page"],
      input: z.strictObject({
        id,
        offset: count,
        count: z.int().min(1).max(MAX_FILES_PAGE),
        /** `failed`: left out, refused or failed ones alone. */
        only: z.enum(["all", "failed"]).default("all"),
      }),
      output: z.strictObject({ total: count, files: z.array(file) }),
    }),
    /** Those that have ended go from the list. */
    "transfer.clear": request({ from: ["page"], input: nothing, output: z.null() }),

    "transfer.list": request({ from: ["cli"], input: nothing, output: z.array(row) }),
    "transfer.pause": order,
    /** One that is paused or interrupted; the latter asks the policy again. */
    "transfer.resume": order,
    "transfer.cancel": order,
    /** A new transfer of the files that have failed in one that has ended; answered with the new one. */
    "transfer.retry": order,

    /**
     * `atoll cp`: answered when it is over; cancelled when the connection is closed. null: the host. One copy for each connection.
     * @throws AppError policy.denied, policy.unanswered, vm.not-found, vm.not-running, usage.bad-argument, transfer.failed,
     * transfer.interrupted, transfer.cancelled
     */
    "transfer.copy": request({
      from: ["cli"],
      input: z.strictObject({
        from: vmReference.nullable(),
        /** Of the host: absolute. */
        paths: z.array(filePath).min(1).max(MAX_CHOSEN_FILES),
        to: vmReference.nullable(),
        /** What ends in "/" is a folder. Of the host: absolute. */
        target: filePath,
        askS,
      }),
      output: z.strictObject({
        /** That arrived whole. */
        files: count,
        bytes: count,
        seconds: z.number().min(0),
        /** The same files were there already. */
        skipped: z.array(notCopied),
        /** Left out, refused, held or failed; `reason` is one of FILE_REASONS or HELD_REASONS. */
        refused: z.array(refusedCopy),
      }),
    }),
  },
  events: {
    /** All transfers, newest first, a few times a second at most; and when the page has attached. */
    "transfer.changed": event({ to: ["page"], payload: z.strictObject({ transfers: z.array(view) }) }),
    /** Of the connection's own copy. */
    "transfer.progress": event({
      to: ["cli"],
      payload: z.strictObject({
        state,
        files: count,
        doneFiles: count,
        bytes: count,
        doneBytes: count,
        rate: z.number().min(0).nullable(),
        remainingS: z.number().min(0).nullable(),
      }),
    }),
  },
  questions: {
    /** A person in `from` wants to send files ("Send to VM...", atoll-send): which VM gets them? null: none. */
    "transfer.target": question({
      payload: z.strictObject({
        from: vmId,
        /** Names of the first ones, cleaned: the guest's word. */
        names: z.array(z.string()).max(20),
        /** Of all that were chosen. */
        chosen: count,
        /** Those that the policy would not deny, in the host's order. `asks`: it asks once more before anything goes. */
        targets: z.array(z.strictObject({ vm: vmId, name: z.string(), label: z.enum(LABEL_NAMES), asks: z.boolean() })),
      }),
      answer: vmId.nullable(),
    }),
  },
});
