/** What the commands have in common: options, words of the command line, one call to the application. */
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "#shared/model/app-error.ts";
import type { RequestInput, RequestName, RequestOutput } from "#shared/ipc/index.ts";
import { ControlClient } from "./client.ts";

/** Options whose seconds may be left out, and their default. */
const WAITS = { "--wait": 120, "--wait-window": 60 } as const;
const MAX_WAIT_S = 86_400;

export interface JsonOption {
  json?: boolean;
}

export function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option("--json", "print one JSON document");
}

/** Adds an option that waits, `description` being what for. */
export function withWait(added: Command, option: keyof typeof WAITS, description: string): Command {
  return added.option(`${option} [seconds]`, `${description} (default ${WAITS[option]} s)`, seconds);
}

/** Adds the option of what goes through the policy. */
export function withAsk(added: Command): Command {
  return added.option(
    "--ask <seconds>",
    "how long to wait for your answer where the policy asks (default 20 s)",
    seconds,
  );
}

export async function call<Name extends RequestName<"cli">>(
  name: Name,
  input: RequestInput<Name>,
): Promise<RequestOutput<Name>> {
  const client = await ControlClient.connect();
  try {
    return await client.call(name, input);
  } finally {
    client.close();
  }
}

/**
 * `--wait VM` must not take VM for the seconds: a value that was left out is put in, one that is there is tied to its option.
 * `atoll open --wait` has no seconds: it waits for a person.
 */
export function withWaits(words: readonly string[]): string[] {
  if (words.find((word) => !word.startsWith("-")) === "open") return [...words];
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const out: string[] = [];
  for (let at = 0; at < end; at += 1) {
    const word = words[at] ?? "";
    const standard = Object.entries(WAITS).find(([option]) => option === word)?.[1];
    if (standard === undefined) out.push(word);
    else if (at + 1 < end && /^[0-9.]+$/.test(words[at + 1] ?? "")) {
      out.push(`${word}=${words[at + 1]}`);
      at += 1;
    } else out.push(`${word}=${standard}`);
  }
  return [...out, ...words.slice(end)];
}

/** `--json` may stand anywhere before a `--`: it is the last word there, where the command that it is for looks for it. */
export function withJsonLast(words: readonly string[]): string[] {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const own = words.slice(0, end);
  if (!own.includes("--json")) return [...words];
  return [...own.filter((word) => word !== "--json"), "--json", ...words.slice(end)];
}

export function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw wrongUsage(`"${text}" is not a whole number.`);
  return value;
}

export function seconds(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0 || value > MAX_WAIT_S)
    throw new InvalidArgumentError("a number of seconds");
  return value;
}

export function wrongUsage(message: string): AppError {
  return new AppError("usage.bad-argument", message);
}
