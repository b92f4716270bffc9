/** Scanning of files: the command `scan`, and "Scan" in the menus of files. */
import { z } from "zod";
import { type EngineVerdict, type FileVerdict, SCAN_VERDICTS } from "../model/scan.ts";
import { MAX_CHOSEN_FILES, MAX_FILE_PATH_BYTES } from "../protocol/limits.ts";
import { crossingParty } from "./crossing.ts";
import { domain, event, request } from "./declare.ts";
import { nothing, vmReference } from "./fields.ts";

const count = z.int().min(0);
export const scanVerdict = z.enum(SCAN_VERDICTS);
export const fileSha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable();

export const engineVerdict: z.ZodType<EngineVerdict> = z.strictObject({
  name: z.string(),
  version: z.string().nullable(),
  signatures: z.string().nullable(),
  verdict: scanVerdict,
  signature: z.string().nullable(),
  reason: z.string().nullable(),
});

/** A file by its path: as it was given, or below the folder that was. */
export interface ScannedFile extends FileVerdict {
  path: string;
}
const scannedFile: z.ZodType<ScannedFile> = z.strictObject({
  path: z.string(),
  sha256: fileSha256,
  verdict: scanVerdict,
  engines: z.array(engineVerdict),
});

export const scanContract = domain({
  requests: {
    /**
     * Every file at these paths of a VM that runs, and in folders there. Answered when all were looked at; ended with the
     * connection. @throws AppError vm.not-found, vm.not-running, scan.no-scanner
     */
    "scan.files": request({
      from: ["page", "cli"],
      input: z.strictObject({
        vm: vmReference,
        paths: z.array(z.string().min(1).max(MAX_FILE_PATH_BYTES)).min(1).max(MAX_CHOSEN_FILES),
        /** Each file gets a VM of its own of each scanner that can have such; 8 files of a scan do. */
        alone: z.boolean().optional(),
      }),
      output: z.array(scannedFile),
    }),
  },
  events: {
    /**
     * In a folder that is watched, a file in which something was found, or that is suspicious. `words`: what, for people; `others`: in so
     * many more files of that VM since it was told of last.
     */
    "scan.found": event({
      to: ["page"],
      payload: z.strictObject({ from: crossingParty, path: z.string(), words: z.string(), others: count }),
    }),
    /**
     * With new signatures scanners say something else of a file of which a person was told. `words`: what, for people; `before`: what
     * they said. `isKept`: it is in quarantine, and so are `others` of which they say something else, too; else these are of its VM.
     */
    "scan.changed": event({
      to: ["page"],
      payload: z.strictObject({
        from: crossingParty,
        path: z.string(),
        words: z.string(),
        before: z.string(),
        isClean: z.boolean(),
        isKept: z.boolean(),
        others: count,
      }),
    }),
    /** A scanner has other signatures: what scanners have said of a file, they may not say any more. */
    "scan.renewed": event({ to: ["page"], payload: nothing }),
    /** Not all that is in a folder that is watched was scanned. `words`: why, for people, with names that a guest has given. */
    "scan.unscanned": event({
      to: ["page"],
      payload: z.strictObject({ from: crossingParty, path: z.string(), words: z.string() }),
    }),
    /** Of a service that scans or that fetches signatures: new ones were not taken, or those that it has are old. `words`: a sentence. */
    "scan.signatures": event({ to: ["page"], payload: z.strictObject({ service: z.string(), words: z.string() }) }),
    /**
     * A scan that a person in a guest has asked for ("Scan" in a file manager's menu, atoll-scan). `path`: of one file, with the worst
     * verdict; `words`: why it is not clean, for people, "" = all are clean; `others`: how many more are not clean, or are.
     */
    "scan.ended": event({
      to: ["page"],
      payload: z.strictObject({ from: crossingParty, path: z.string(), words: z.string(), others: count }),
    }),
    /** A person in a guest has asked for one, and no scanner runs. */
    "scan.noScanner": event({ to: ["page"], payload: z.strictObject({ from: crossingParty }) }),
    /** Of the connection's own scan. */
    "scan.progress": event({ to: ["cli"], payload: z.strictObject({ done: count, files: count }) }),
  },
});
