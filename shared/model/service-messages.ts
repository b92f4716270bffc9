/**
 * What Atoll and the program of a service VM say to each other: one JSON object on a line, over a unix socket in the guest.
 * What the program says is guest text: bounded in bytes before it is parsed, and nothing beside these messages is accepted.
 */
import { z } from "zod";

/** Of one line, without its line feed. */
export const MAX_TO_PROGRAM_BYTES = 1024 * 1024 - 1024;
export const MAX_FROM_PROGRAM_BYTES = 256 * 1024;
/** Of one message of rows, and of one table as it is kept. */
export const MAX_ROWS_AT_ONCE = 1_000;
export const MAX_TABLE_ROWS = 5_000;
export const MAX_COLUMNS = 24;
export const MAX_CELL_CHARACTERS = 512;
export const MAX_PROBLEMS = 100;
/** Jobs that wait for their result. */
export const MAX_JOBS = 16;

/** Of a reason, or a line of the log. */
export const MAX_SENTENCE_CHARACTERS = 1_000;

const sentence = z.string().max(MAX_SENTENCE_CHARACTERS);
const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
/** The value of a cell, and of an event's data. */
export type Cell = string | number | boolean | null;
export type Row = Readonly<Record<string, Cell>>;

/** Not of parts: whoever knows what a table is reads each cell by a schema of its own. */
const columns = z.custom<Row>(isRow, `at most ${MAX_COLUMNS} columns with a text, a number, a boolean or null in each`);
const COLUMN = /^[a-z][a-zA-Z0-9]{0,30}$/;

function isRow(untrusted: unknown): untrusted is Row {
  if (typeof untrusted !== "object" || untrusted === null || Array.isArray(untrusted)) return false;
  const cells = Object.entries(untrusted);
  return cells.length <= MAX_COLUMNS && cells.every(([column, cell]) => COLUMN.test(column) && isCell(cell));
}

function isCell(untrusted: unknown): untrusted is Cell {
  if (typeof untrusted === "string") return untrusted.length <= MAX_CELL_CHARACTERS;
  return Number.isFinite(untrusted) || typeof untrusted === "boolean" || untrusted === null;
}

/** What the program says. */
export const fromProgram = z.discriminatedUnion("type", [
  /** How it is. What said nothing yet is `starting`. */
  z.strictObject({
    type: z.literal("health"),
    state: z.enum(["ok", "starting", "failing"]),
    detail: sentence.default(""),
  }),
  /** The settings and the state of this revision are in force, but for what the problems name. */
  z.strictObject({
    type: z.literal("applied"),
    revision: z.int().min(0),
    /** `where`: what it is about, in the program's own words (the firewall: the id of a link). */
    problems: z
      .array(z.strictObject({ where: z.string().max(200), reason: sentence }))
      .max(MAX_PROBLEMS)
      .default([]),
  }),
  /** The one line that its card shows. */
  z.strictObject({ type: z.literal("status"), text: z.string().max(200) }),
  /** Rows of a table that the manifest names. `reset`: the table is empty before. A row with a key that is there replaces it. */
  z.strictObject({
    type: z.literal("rows"),
    table: name,
    reset: z.boolean().default(false),
    rows: z
      .array(z.strictObject({ key: z.string().min(1).max(200), cells: columns }))
      .max(MAX_ROWS_AT_ONCE)
      .default([]),
    removed: z.array(z.string().min(1).max(200)).max(MAX_ROWS_AT_ONCE).default([]),
  }),
  z.strictObject({ type: z.literal("log"), level: z.enum(["info", "warning", "error"]), text: sentence }),
  /** Something has happened, of a kind that the manifest names. */
  z.strictObject({ type: z.literal("event"), name, data: columns }),
  /** The end of a job; `output` where it is ok, else `reason`. */
  z.strictObject({
    type: z.literal("result"),
    job: z.int().min(1),
    ok: z.boolean(),
    output: z.json().optional(),
    reason: sentence.optional(),
  }),
]);
export type FromProgram = z.infer<typeof fromProgram>;
/** All but the results of jobs, for which somebody waits. */
export type ProgramReport = Exclude<FromProgram, { type: "result" }>;

/** What Atoll tells the program. */
export type ToProgram =
  /**
   * What is to be in force from now on, whole: it takes the place of all that was told before. It is told again to a program
   * that connects anew. The answer is `applied`.
   *
   * settings: by the manifest's settings; state: of a right of the service (the firewall's is in firewall.ts), else null.
   */
  | { type: "desired"; revision: number; settings: Readonly<Record<string, unknown>>; state: unknown }
  /** One thing to do; the answer is `result`. Jobs may overlap. */
  | { type: "job"; job: number; input: unknown }
  /** The job's result is wanted no more. */
  | { type: "cancel"; job: number };
