/** Indexes of services, and what they offer: the catalogue of the view "Services", and the commands `service index`. */
import { z } from "zod";
import { serviceSheet, serviceView } from "../model/service.ts";
import { indexView, offer, readIndex } from "../model/service-index.ts";
import { domain, event, request } from "./declare.ts";
import { nothing } from "./fields.ts";

const reference = z.string().max(10_000);
/** The absolute path of a folder, or a URL (https, file). */
const source = z.string().min(1).max(4096);
const named = z.strictObject({ name: reference });

export const serviceIndexContract = domain({
  requests: {
    "index.list": request({ from: ["page", "cli"], input: nothing, output: z.array(indexView) }),
    /** What is there, of which nothing is kept. @throws AppError index.*, service.bad-signature, service.expired */
    "index.look": request({ from: ["page", "cli"], input: z.strictObject({ source }), output: readIndex }),
    /**
     * Remembers it, and its key, where it is signed by that; null: it is not signed.
     * @throws AppError index.*, service.bad-signature, service.expired, settings.broken
     */
    "index.add": request({
      from: ["page", "cli"],
      input: z.strictObject({ source, key: z.string().max(100).nullable() }),
      output: indexView,
    }),
    /** What was installed from it stays. @throws AppError index.not-found */
    "index.remove": request({ from: ["page", "cli"], input: named, output: z.null() }),
    /** Reads it, or all of them (null), again. `problem`: why it stays as it was; null: it is what is there. */
    "index.update": request({
      from: ["page", "cli"],
      input: z.strictObject({ name: reference.nullable() }),
      output: z.array(
        z.strictObject({ name: z.string(), version: z.int(), before: z.int(), problem: z.string().nullable() }),
      ),
    }),
    "index.offers": request({ from: ["page", "cli"], input: nothing, output: z.array(offer) }),
    /** What a service of an index asks for. @throws AppError index.*, service.* */
    "index.sheet": request({
      from: ["page", "cli"],
      input: z.strictObject({ name: reference, index: reference.nullable() }),
      output: serviceSheet.extend({
        /** Of what is fetched. */
        bytes: z.int(),
        isIndexSigned: z.boolean(),
        /** SHA-256 of the list of its files. */
        list: z.string(),
      }),
    }),
    /**
     * Fetches and installs what the sheet has shown, by its `list`. In the place of an earlier version it is used when it was
     * healthy, and has passed its tests, beside that: answered then.
     * @throws AppError index.*, service.*
     */
    "index.install": request({
      from: ["page", "cli"],
      input: z.strictObject({ name: reference, index: reference, list: z.string().max(100) }),
      output: serviceView,
    }),
  },
  events: {
    /** There are others, or they offer something else. */
    "index.changed": event({ to: ["page"], payload: nothing }),
  },
});
