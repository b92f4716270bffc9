/** Indexes of services as plain data: signed lists that a person has added, and what they offer. */
import { z } from "zod";
import { SERVICE_ICONS, serviceRight } from "./service.ts";

/** What is at a place, of which nothing is kept. */
export const readIndex = z.strictObject({
  name: z.string(),
  version: z.int(),
  /** When its list may not be taken any more. */
  expires: z.iso.datetime(),
  /** Whose signature it has, and its fingerprint, for people to compare; null: nobody's. */
  key: z.string().nullable(),
  fingerprint: z.string().nullable(),
  /** A folder, or an https URL. */
  source: z.string(),
  services: z.array(z.string()),
});
export type ReadIndex = z.infer<typeof readIndex>;

export const indexView = readIndex.extend({
  isExpired: z.boolean(),
  /** When it was read last; milliseconds since 1970. */
  readMs: z.number(),
  /** Their number. */
  services: z.int(),
});
export type IndexView = z.infer<typeof indexView>;

/** A service of an index. */
export const offer = z.strictObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  icon: z.enum(SERVICE_ICONS),
  rights: z.array(serviceRight),
  /** Of what is fetched. */
  bytes: z.int(),
  index: z.string(),
  /** Somebody has signed the index. */
  isSigned: z.boolean(),
  /** Fingerprint of the key that has signed the service. */
  signer: z.string(),
  /** Its index has: it cannot be installed. */
  isExpired: z.boolean(),
  /** SHA-256 of the list of its files: what is shown is what is installed. */
  list: z.string(),
});
export type Offer = z.infer<typeof offer>;
