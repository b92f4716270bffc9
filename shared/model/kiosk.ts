/** Kiosks: programs that are there at once, each in a disposable that has booted for it alone. */
import { z } from "zod";
import { APP_KINDS } from "./app-kind.ts";
import { MAX_ARGV, MAX_ARGV_BYTES } from "../protocol/limits.ts";

/** What waits for files is kept ready as kiosks are, under this name, and is none: nobody starts it. */
export const VIEWERS = "viewers";

/** VMs of it are called by it, with a number. */
export const KIOSK_NAME = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, "lower case letters, digits and hyphens, at most 20")
  .refine((name) => name !== VIEWERS, `"${VIEWERS}" is what waits for files`);

/** What a kiosk is: all that there is to say of one. */
export const kiosk = z.strictObject({
  name: KIOSK_NAME,
  /** As people read it. */
  title: z.string().min(1).max(40),
  /** Chooses its icon. */
  kind: z.enum(APP_KINDS),
  template: z.string().min(1).max(100),
  /** The program and its arguments. */
  program: z.array(z.string().max(MAX_ARGV_BYTES)).min(1).max(MAX_ARGV),
  /** Where the program is started again, it hands what it shall open over to the one that runs; else that one is ended. */
  handsOver: z.boolean().default(false),
  network: z.enum(["none", "firewall"]).default("none"),
  /** A VM's name. Where there is one of it, it has that one's label, and connects to what that one may; "" = it is for none. */
  for: z.string().max(100).default(""),
  /** What it cannot do; "" = nothing to say. */
  note: z.string().max(100).default(""),
});
export type Kiosk = z.infer<typeof kiosk>;

/** The setting `kiosks`. */
export const kioskSettings = z.strictObject({
  /** What VMs that are kept ready may have together; 0: none is kept, null: a quarter of the host's memory, at most 3.5 GiB. */
  memoryMiB: z.int().min(0).max(1_048_576).nullable().default(null),
  /** Kiosks of a person's own, which go before those that there are. */
  own: z.array(kiosk).max(16).default([]),
});
export type KioskSettings = z.infer<typeof kioskSettings>;

export const KIOSK_STATES = ["not-built", "cold", "starting", "ready"] as const;
export type KioskState = (typeof KIOSK_STATES)[number];

export const kioskView = z.strictObject({
  name: z.string(),
  title: z.string(),
  kind: z.enum(APP_KINDS),
  template: z.string(),
  network: z.enum(["none", "firewall"]),
  note: z.string(),
  /**
   * `ready`: a VM with its program waits, paused (of `VIEWERS`, one whose viewers have run). `starting`: one is being made. `cold`: none is, so that the next start takes
   * as long as its program does. `not-built`: its template is built first.
   */
  state: z.enum(KIOSK_STATES),
  /** Why it is cold; "" = nothing to add. */
  detail: z.string(),
  /** Of its VM; null: its template has no recipe. */
  memoryMiB: z.int().nullable(),
});
export type KioskView = z.infer<typeof kioskView>;
