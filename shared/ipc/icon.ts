/** Files and folders that the desktop shows as icons. The page names them by ids that main made, never by paths. */
import { z } from "zod";
import { type IconView, SHOWN_PLACES } from "../model/icon.ts";
import { SCAN_VERDICTS } from "../model/scan.ts";
import { FILE_REASONS } from "../model/transfer.ts";
import { crossingParty } from "./crossing.ts";
import { domain, event, report, request } from "./declare.ts";
import { vmId } from "./fields.ts";

const id = z.string().max(100);
const ids = z.array(id).min(1).max(1_000);
const places = z.record(z.enum(SHOWN_PLACES), z.boolean());

const view: z.ZodType<IconView> = z.strictObject({
  id,
  party: crossingParty,
  place: z.enum(SHOWN_PLACES),
  name: z.string(),
  isFolder: z.boolean(),
  bytes: z.number().min(0),
  modifiedS: z.number(),
});

/** What became of one of several icons. */
const outcome = z.strictObject({
  id,
  /** null: it is done. */
  reason: z.enum(FILE_REASONS).nullable(),
});

export const iconContract = domain({
  requests: {
    /** A file opens where the rules say, a folder in the VM that has it. @throws AppError icon.gone, and as open.open */
    "icon.open": request({
      from: ["page"],
      input: z.strictObject({ id, inDisposable: z.boolean().default(false) }),
      output: z.null(),
    }),
    /** Answered with the new id. @throws AppError icon.gone, icon.not-done, vm.not-running */
    "icon.rename": request({
      from: ["page"],
      input: z.strictObject({ id, name: z.string().min(1).max(255) }),
      output: z.strictObject({ id }),
    }),
    /** Into the trash of whoever has them. `undo`: for icon.restore; null: none was moved. */
    "icon.trash": request({
      from: ["page"],
      input: z.strictObject({ ids }),
      output: z.strictObject({ outcomes: z.array(outcome), undo: z.int().min(1).nullable() }),
    }),
    /** @throws AppError icon.not-done */
    "icon.restore": request({ from: ["page"], input: z.strictObject({ undo: z.int().min(1) }), output: z.null() }),
    /** To the folder for what comes in of a VM; null: of the host. Icons of one party each become a transfer. */
    "icon.send": request({ from: ["page"], input: z.strictObject({ ids, to: vmId.nullable() }), output: z.null() }),
    /**
     * Looks at these files, and at all in these folders. `words`: why not all of it is clean, for people; guest text. Of a folder the
     * first file that is not. @throws AppError icon.gone, scan.no-scanner, vm.not-running
     */
    "icon.scan": request({
      from: ["page"],
      input: z.strictObject({ ids }),
      output: z.array(z.strictObject({ id, verdict: z.enum(SCAN_VERDICTS), words: z.string() })),
    }),
    /** What the desktop shows from now on, remembered in settings.yaml. @throws AppError settings.broken */
    "icon.setPlaces": request({ from: ["page"], input: places, output: z.null() }),
  },
  reports: {
    /** The page shows the newest `icon.changed`: the next may come. */
    "icon.shown": report({ from: ["page"], input: z.strictObject({}) }),
  },
  events: {
    /** All icons, in the order in which they are shown; the next one comes after `icon.shown`. */
    "icon.changed": event({
      to: ["page"],
      payload: z.strictObject({
        icons: z.array(view),
        /** So many more are in these folders. */
        more: z.int().min(0),
        places,
      }),
    }),
  },
});
