/** The timeline's search, as it is typed: `from:home decision:deny since:2h soundings`. Pure. */
import type { AuditFilter } from "#shared/ipc/audit.ts";
import { AUDIT_ACTIONS, type AuditAction } from "#shared/model/crossing.ts";

export interface ReadFilter {
  filter: AuditFilter;
  /** Words that mean nothing here, and so were left out. */
  unknown: string[];
}

const NO_FILTER: AuditFilter = {
  sinceS: null,
  action: null,
  from: null,
  to: null,
  decision: null,
  by: null,
  text: null,
};

/** Actions by what a person may call them: `paste` as well as `clipboard.paste`. */
const ACTION_NAMES = new Map<string, AuditAction>(
  AUDIT_ACTIONS.flatMap((action) => [
    [action, action],
    [action.split(".").at(-1) ?? action, action],
  ]),
);

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** @param nowMs milliseconds since 1970, by the clock that `today` is of */
export function readFilter(words: string, nowMs: number): ReadFilter {
  const filter: AuditFilter = { ...NO_FILTER };
  const unknown: string[] = [];
  const texts: string[] = [];
  for (const word of words.split(/\s+/u).filter((one) => one !== "")) {
    const [, name = "", value = ""] = /^(from|to|action|decision|since):(.*)$/iu.exec(word) ?? [];
    if (name === "") texts.push(word);
    // While it is being typed it means nothing yet.
    else if (value !== "" && !take(filter, name.toLowerCase(), value.toLowerCase(), nowMs)) unknown.push(word);
  }
  if (texts.length > 0) filter.text = texts.join(" ").slice(0, 200);
  return { filter, unknown };
}

/** Returns whether the value means something. */
function take(filter: AuditFilter, name: string, value: string, nowMs: number): boolean {
  switch (name) {
    case "from":
    case "to":
      filter[name] = value.slice(0, 200);
      return true;
    case "action":
      filter.action = ACTION_NAMES.get(value) ?? null;
      return filter.action !== null;
    case "decision":
      return takeDecision(filter, value);
    default:
      filter.sinceS = secondsSince(value, nowMs);
      return filter.sinceS !== null;
  }
}

function takeDecision(filter: AuditFilter, value: string): boolean {
  if (value === "lapsed") filter.by = "lapsed";
  else if (value === "allow" || value === "allowed") filter.decision = "allow";
  else if (value === "deny" || value === "denied") filter.decision = "deny";
  else return false;
  return true;
}

/** `10m`, `2h`, `today`, `yesterday` in seconds before now; null: none of these. */
function secondsSince(value: string, nowMs: number): number | null {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhdw])$/u.exec(value) ?? [];
  const seconds = UNITS[unit];
  if (seconds !== undefined) return Number(count) * seconds;
  if (value !== "today" && value !== "yesterday") return null;
  const start = new Date(nowMs);
  start.setHours(0, 0, 0, 0);
  if (value === "yesterday") start.setDate(start.getDate() - 1);
  return Math.ceil((nowMs - start.getTime()) / 1000);
}

/** The same words with another `decision:` or `action:`; null: with none. */
export function withWord(words: string, name: "decision" | "action", value: string | null): string {
  const others = words.split(/\s+/u).filter((word) => word !== "" && !word.toLowerCase().startsWith(`${name}:`));
  return [...others, ...(value === null ? [] : [`${name}:${value}`])].join(" ");
}
