/** Service VMs as plain data: what a manifest declares that the page shows, and what is known of a service. */
import { z } from "zod";
import { DOMAIN_NAME } from "./domain-name.ts";
import { escapeControls } from "./text.ts";
import { VM_NAME_PATTERN, VM_NAME_WORDS, VM_ROLES } from "./vm.ts";
import { watchedPlace } from "./watched-place.ts";

export const serviceName = z.string().regex(VM_NAME_PATTERN, `not a valid name: use ${VM_NAME_WORDS}`);
const sentence = z.string().min(1).max(300);
const title = z.string().min(1).max(60);
/** Of tables, events, panels: as in service-messages.ts. */
const partName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, "small letters, digits and hyphens, at most 31");
const settingKey = z.string().regex(/^[a-z][a-zA-Z0-9]{0,30}$/, "letters and digits, beginning with a small letter");
const columnKey = settingKey;

export const SERVICE_ICONS = ["shield", "scan", "gear", "lock", "globe", "document", "chart", "box"] as const;

// ---- settings ------------------------------------------------------------------------------------------------

const about = { title, description: z.string().max(300).default("") };
const MAX_TEXT = 500;
const MAX_LIST = 64;
/** Characters of a file. */
export const MAX_SETTING_FILE = 16 * 1024;
/** Larger files have more characters than that, whatever is in them. */
export const MAX_SETTING_FILE_BYTES = 4 * MAX_SETTING_FILE;
/** What stands in the place of a file that is kept. */
export const KEPT_FILE = "(kept)";
const text = z.string().max(MAX_TEXT, `at most ${MAX_TEXT} characters`);
/** Of a text that is no such thing so much is shown. */
const MAX_SHOWN = 60;

interface Format {
  readonly one: string;
  readonly many: string;
  fits(text: string): boolean;
}

const isIpv4 = (text: string): boolean => z.ipv4().safeParse(text).success;
/** What a text is, or each of a list's: others are refused where they are typed. */
const FORMATS = {
  address: {
    one: "an IP address without a port, as 9.9.9.9 or 2620:fe::fe",
    many: "IP addresses without ports, as 9.9.9.9 or 2620:fe::fe",
    fits: (text) => isIpv4(text) || z.ipv6().safeParse(text).success,
  },
  domain: {
    one: "a name, as wiki.corp, or *.NAME for all names below it",
    many: "names, as wiki.corp, or *.NAME for all names below one",
    fits: (text) => DOMAIN_NAME.test(text.replace(/^\*\./, "")) && !isIpv4(text),
  },
  vm: {
    one: `the name of a VM (${VM_NAME_WORDS})`,
    many: `names of VMs (${VM_NAME_WORDS})`,
    fits: (text) => VM_NAME_PATTERN.test(text),
  },
  folder: {
    one: "a folder of a VM, as web:Downloads, or *:Downloads for all VMs",
    many: "folders of VMs, as web:Downloads, or *:Downloads for all VMs",
    fits: (text) => watchedPlace(text) !== null,
  },
  /** What a program gets as a word of its configuration: no user, no query, nothing to be quoted. */
  url: {
    one: "an address that begins with https:// or http://, of letters, digits and ./~_-",
    many: "addresses that begin with https:// or http://, of letters, digits and ./~_-",
    fits: (text) =>
      /^https?:\/\/[A-Za-z0-9.-]+(:[0-9]{1,5})?(\/[\w.~/-]*)?$/.test(text) && z.url().safeParse(text).success,
  },
  interface: {
    one: "the name of an interface, as eth0: at most 15 characters, no space, / or :",
    many: "names of interfaces, as eth0: at most 15 characters, no space, / or :",
    fits: (text) => /^[^\s/:\p{C}]{1,15}$/u.test(text) && text !== "." && text !== "..",
  },
  word: {
    one: "a word of small letters, at most 20",
    many: "words of small letters, each of at most 20",
    fits: (text) => /^[a-z]{1,20}$/.test(text),
  },
} as const satisfies Record<string, Format>;
type FormatName = keyof typeof FORMATS;
const format = z.enum(Object.keys(FORMATS) as [FormatName, ...FormatName[]]).optional();

export const serviceSetting = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), ...about, format, default: text.default("") }),
  z.strictObject({
    type: z.literal("number"),
    ...about,
    default: z.number(),
    min: z.number().optional(),
    max: z.number().optional(),
  }),
  z.strictObject({ type: z.literal("boolean"), ...about, default: z.boolean() }),
  z.strictObject({
    type: z.literal("choice"),
    ...about,
    options: z
      .array(z.strictObject({ value: z.string().min(1).max(60), title }))
      .min(1)
      .max(32),
    default: z.string(),
  }),
  z.strictObject({ type: z.literal("list"), ...about, format, default: z.array(text).max(MAX_LIST).default([]) }),
  /** The text of a file that a person chooses; it may hold secrets, so it is kept and never shown again. */
  z.strictObject({ type: z.literal("file"), ...about, default: z.literal("").default("") }),
]);
export type ServiceSetting = z.infer<typeof serviceSetting>;
export const settingValue = z.union([
  z.string().max(MAX_SETTING_FILE),
  z.number(),
  z.boolean(),
  z.array(text).max(MAX_LIST),
]);
export type SettingValue = z.infer<typeof settingValue>;

/** Why `value` cannot be that setting's; null: it can. */
export function settingProblem(setting: ServiceSetting, value: unknown): string | null {
  switch (setting.type) {
    case "text":
      if (!text.safeParse(value).success) return `a text of at most ${MAX_TEXT} characters`;
      // None is chosen.
      return value === "" ? null : formatProblem(setting.format, [value as string], "one");
    case "boolean":
      return typeof value === "boolean" ? null : "true or false";
    case "list":
      return z.array(text).max(MAX_LIST).safeParse(value).success
        ? formatProblem(setting.format, value as string[], "many")
        : `a list of at most ${MAX_LIST} texts`;
    case "file":
      if (value === KEPT_FILE) return "the text of a file, not what stands for the one that is kept";
      return typeof value === "string" && value.length <= MAX_SETTING_FILE && !/[^\t\n\r\P{Cc}]/u.test(value)
        ? null
        : `the text of a file, at most ${MAX_SETTING_FILE / 1024} KiB`;
    case "choice": {
      const values = setting.options.map((option) => option.value);
      return values.includes(value as string) ? null : `one of ${values.join(", ")}`;
    }
    case "number": {
      const { min = -Infinity, max = Infinity } = setting;
      if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) return null;
      const bounds = [
        ...(setting.min === undefined ? [] : [`at least ${min}`]),
        ...(setting.max === undefined ? [] : [`at most ${max}`]),
      ];
      return ["a number", ...bounds].join(", ");
    }
  }
}

function formatProblem(name: FormatName | undefined, texts: readonly string[], number: "one" | "many"): string | null {
  if (name === undefined) return null;
  const known = FORMATS[name];
  const wrong = texts.find((text) => !known.fits(text));
  if (wrong === undefined) return null;
  const shown = escapeControls(wrong.length > MAX_SHOWN ? `${wrong.slice(0, MAX_SHOWN)}…` : wrong);
  return `${known[number]}, which "${shown}" is not`;
}

/** What a person typed for that setting; lists by commas. What cannot be understood is returned as it is. */
export function settingFromText(setting: ServiceSetting, typed: string): unknown {
  switch (setting.type) {
    case "number":
      return typed.trim() === "" ? typed : Number(typed);
    case "boolean":
      return typed === "true" ? true : typed === "false" ? false : typed;
    case "list":
      return typed
        .split(",")
        .map((word) => word.trim())
        .filter((word) => word !== "");
    default:
      return typed;
  }
}

/** A setting's value as it may be shown. */
export function shownValue(setting: ServiceSetting, value: SettingValue): SettingValue {
  return setting.type === "file" && value !== "" ? KEPT_FILE : value;
}

export const serviceSettings = z.record(settingKey, serviceSetting).superRefine((settings, context) => {
  for (const [key, setting] of Object.entries(settings)) {
    const problem = settingProblem(setting, setting.default);
    if (problem !== null) context.addIssue({ code: "custom", path: [key, "default"], message: `must be ${problem}` });
  }
});

// ---- rights --------------------------------------------------------------------------------------------------

/** A service has its network by a right of its own. */
export const SERVED_ROLES = VM_ROLES.filter((role) => role !== "service");

export const HOST_RIGHTS = ["network-rules", "scanned-files", "signatures", "gives-signatures", "documents"] as const;

/** Of a service with the right `signatures`: a file that is no setting to its program, but given to a VM of it that is not in use. */
export const SIGNATURES_SETTING = "signatures";

/** What a service asks for. What it does not ask for, its VM does not have. */
export const serviceRights = z.strictObject({
  /** VMs of these roles may have their network by it. */
  serves: z.array(z.enum(SERVED_ROLES)).max(VM_ROLES.length).default([]),
  /** It reaches the internet. */
  uplink: z.boolean().default(false),
  /** It reaches, through the firewall, what the policy lets its VM reach. */
  firewall: z.boolean().default(false),
  /** What Atoll tells it of others. */
  host: z.array(z.enum(HOST_RIGHTS)).max(HOST_RIGHTS.length).default([]),
});
export type ServiceRights = z.infer<typeof serviceRights>;

export const serviceRight = z.strictObject({
  id: z.string(),
  /** As a sentence. */
  words: z.string(),
  asked: z.boolean(),
  /** What its VM has in fact; null: it does not run. */
  has: z.boolean().nullable(),
});
export type ServiceRight = z.infer<typeof serviceRight>;

// ---- panels --------------------------------------------------------------------------------------------------

export const servicePanel = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("table"),
    title,
    table: partName,
    columns: z
      .array(
        z.strictObject({
          key: columnKey,
          title,
          format: z.enum(["text", "number", "bytes", "seconds"]).default("text"),
        }),
      )
      .min(1)
      .max(12),
  }),
  /** One number of the rows, by key. */
  z.strictObject({ kind: z.literal("chart"), title, table: partName, value: columnKey }),
  z.strictObject({ kind: z.literal("log"), title }),
  /** Rules of the policy that it enforces. */
  z.strictObject({ kind: z.literal("rules"), title }),
  /** Files that scanners have kept apart. */
  z.strictObject({ kind: z.literal("quarantine"), title }),
]);

/** All of a manifest but its image. */
export const manifestFields = {
  /** Of the manifest. */
  format: z.literal(1, "must be 1: the format that this Atoll knows"),
  name: serviceName,
  version: z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/, 'three numbers, as in "1.0.0", in quotation marks'),
  description: sentence,
  icon: z.enum(SERVICE_ICONS).default("gear"),
  program: z.strictObject({
    /** A file of the folder `program`. */
    command: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,60}$/, "the name of a file in the folder program"),
    /** root: of its guest alone. */
    user: z.enum(["user", "root"]).default("user"),
    /**
     * With `startsFresh`: the program is in that memory, too, with what it has loaded. Several VMs go on from it: it may not have
     * made keys or other secrets.
     */
    inSnapshot: z.boolean().default(false),
  }),
  /**
   * Each start begins with the disk of its image and, once that is kept, the memory of a guest that has come up, in which the
   * program has not run, but for one `inSnapshot`: it is ready in a moment, and nothing that it wrote is there.
   */
  startsFresh: z.boolean().default(false),
  /** It has a disk of its own at /home/user/kept, which stays whatever its image and its version are. */
  keepsFiles: z.boolean().default(false),
  rights: serviceRights.prefault({}),
  settings: serviceSettings.default({}),
  /** Tables that it fills. */
  tables: z.array(partName).max(16).default([]),
  /** Kinds of events that it says. */
  events: z.array(partName).max(16).default([]),
  health: z
    .strictObject({
      /** Seconds until it must have said that it is well, from its VM's start on. */
      withinS: z.int().min(5).max(600).default(120),
    })
    .prefault({}),
  panels: z.array(servicePanel).max(8).default([]),
  /** Jobs, and what must be in the answers to them. */
  tests: z
    .array(z.strictObject({ name: z.string().min(1).max(100), input: z.json(), output: z.json() }))
    .max(32)
    .default([]),
};

// ---- what is known of a service --------------------------------------------------------------------------------

export const SERVICE_STATES = ["absent", "stopped", "starting", "running", "failed"] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];
export type ServiceHealth = "ok" | "starting" | "failing" | null;

/** Where a service is from. */
export const serviceOrigin = z.strictObject({
  kind: z.enum(["built-in", "folder", "index"]),
  /** Name of the index; null: it is from none. */
  index: z.string().nullable(),
  /** Fingerprint of the key that has signed it; null: nobody has. */
  signer: z.string().nullable(),
});
export type ServiceOrigin = z.infer<typeof serviceOrigin>;

/** What a person is shown before a service is installed. */
export const serviceSheet = z.strictObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  rights: z.array(serviceRight),
  /** Rights that its installed version has not asked for. */
  added: z.array(z.string()),
  /** null: none is installed. */
  installedVersion: z.string().nullable(),
  origin: serviceOrigin,
});

export const serviceView = z.strictObject({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  icon: z.enum(SERVICE_ICONS),
  origin: serviceOrigin,
  /** absent: its image is not built. */
  state: z.enum(SERVICE_STATES),
  /** Why it failed, or what it waits for; "". */
  stateDetail: z.string(),
  health: z.enum(["ok", "starting", "failing"]).nullable(),
  /** Its own words, cleaned: guest text. */
  healthDetail: z.string(),
  /** The one line that it shows; guest text. */
  status: z.string(),
  /** Name of its VM. */
  vm: z.string(),
  memoryMiB: z.int(),
  cpus: z.int(),
  /** Since its VM's start, which may be before the application's; null: it has not been healthy. */
  uptimeS: z.number().nullable(),
  /** There are other signatures, which it had before, to go back to. */
  hasBefore: z.boolean(),
  /** The version that was there before, to go back to; null: there is none. */
  versionBefore: z.string().nullable(),
  /** Another version is fetched, tried or put in its place. */
  isUpdating: z.boolean(),
  rights: z.array(serviceRight),
});
export type ServiceView = z.infer<typeof serviceView>;

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const serviceInfo = serviceView.extend({
  /** By key: what it is, and its value. */
  settings: z.record(z.string(), z.strictObject({ schema: serviceSetting, value: settingValue })),
  panels: z.array(servicePanel),
  /** Rows of the tables, in the order in which they came; guest text. */
  tables: z.record(z.string(), z.array(z.record(z.string(), cell))),
});
export type ServiceInfo = z.infer<typeof serviceInfo>;

export const serviceLogLine = z.strictObject({
  /** Milliseconds since 1970. */
  timeMs: z.number(),
  level: z.enum(["info", "warning", "error"]),
  /** atoll: of the application; program: guest text. */
  from: z.enum(["atoll", "program"]),
  text: z.string(),
});
export type ServiceLogLine = z.infer<typeof serviceLogLine>;

/** More than 0: `version` is later than `other`; 0: they are the same. Of three numbers each. */
export function compareVersions(version: string, other: string): number {
  const [one, two] = [version, other].map((text) => text.split(".").map(Number));
  return one?.map((number, at) => number - (two?.[at] ?? 0)).find((difference) => difference !== 0) ?? 0;
}
