/** `atoll audit` and `atoll prompt ...`: what has crossed, and what is being asked. */
import type { Command } from "commander";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { type AuditEntry, partyName } from "#shared/model/crossing.ts";
import { AppError } from "#shared/model/app-error.ts";
import { ControlClient } from "../client.ts";
import { call, command, type JsonOption, seconds, wrongUsage } from "../command.ts";
import { EXIT, line, print, table } from "../output.ts";
import { contentSize } from "../places.ts";

interface AuditOptions extends JsonOption {
  since?: number;
  follow?: boolean;
  verify?: boolean;
}

/** Entries that are asked for at once. */
const PAGE = 1000;

export function addAuditCommands(program: Command): void {
  command(program, "audit", "what has crossed between VMs, and what was denied")
    .option("--since <seconds>", "only what is not older", seconds)
    .option("--follow", "and what comes from now on")
    .option("--verify", "whether no entry was changed or taken away")
    .action(async ({ since: sinceS, follow = false, verify = false, json = false }: AuditOptions) => {
      const since = sinceS ?? null;
      if (verify) {
        if (follow || since !== null) throw wrongUsage("--verify reads the whole log: it goes with no other option.");
        return printVerified(await call("audit.verify", {}), json);
      }
      if (follow) return followLog(since, json);
      const entries = await allEntries((input) => call("audit.list", input), since);
      print(entries.map(viewOf), json, () =>
        table(HEAD, entries.map(cellsOf), "Nothing has crossed yet. Copy in one VM, paste in another."),
      );
    });

  const prompt = program.command("prompt").description("what you are being asked in the desktop");
  command(prompt, "list", "prompts that are open, with their buttons").action(async ({ json = false }: JsonOption) => {
    const prompts = await call("prompt.list", {});
    print(prompts, json, () =>
      table(
        ["ID", "ACTION", "FROM", "TO", "TYPE", "AGE", "BUTTONS"],
        prompts.map(({ id, action, from, to, type, ageS, buttons }) => {
          const names = buttons.map(({ name, enabled }) => (enabled ? name : `(${name})`));
          return [id, action, from, to, type, `${Math.round(ageS)} s`, names.join(" ")];
        }),
        "Nothing is asked.",
      ),
    );
  });
}

const HEAD = ["SEQ", "TIME", "ACTION", "FROM", "TO", "TYPE", "SIZE", "DECISION", "BY", "LINE", "DETAIL"];

function cellsOf(entry: AuditEntry): (string | number | null)[] {
  const { seq, time, action, from, to, type, bytes, characters, decision, by, rule, detail } = entry;
  const size = bytes === null ? null : contentSize({ bytes, characters });
  return [seq, time, action, partyName(from), partyName(to), type, size, decision, by, rule?.line ?? null, detail];
}

/** As the contract has it: parties by their names. */
function viewOf({ seq, time, action, from, to, type, bytes, characters, ...rest }: AuditEntry): object {
  const { decision, rule, by, detail } = rest;
  const parties = { from: partyName(from), to: partyName(to) };
  return { seq, time, action, ...parties, type, bytes, characters, decision, rule, by, detail };
}

type Lister = (input: RequestInput<"audit.list">) => Promise<RequestOutput<"audit.list">>;

/** Oldest first. */
async function allEntries(list: Lister, sinceS: number | null): Promise<AuditEntry[]> {
  const newestFirst: AuditEntry[] = [];
  let before: number | null = null;
  for (;;) {
    const page: RequestOutput<"audit.list"> = await list({ filter: { sinceS }, before, limit: PAGE });
    newestFirst.push(...page.entries);
    before = page.entries.at(-1)?.seq ?? null;
    if (!page.hasMore || before === null) return newestFirst.toReversed();
  }
}

/** Those that there are, then each as it comes, until the application ends. */
async function followLog(since: number | null, json: boolean): Promise<void> {
  const client = await ControlClient.connect();
  const printed = new Set<number>();
  const show = (entry: AuditEntry): void => {
    if (printed.has(entry.seq)) return;
    printed.add(entry.seq);
    if (json) process.stdout.write(line(viewOf(entry)));
    else
      print(null, false, () =>
        cellsOf(entry)
          .map((cell) => cell ?? "-")
          .join("  "),
      );
  };
  process.stdout.on("error", () => client.close());
  // What comes while the older ones are asked for is not lost, and not printed before them.
  const early: AuditEntry[] = [];
  let take = (entry: AuditEntry): void => void early.push(entry);
  client.on("audit.entry", (entry) => take(entry));
  await client.call("audit.follow", {});
  const older = await allEntries((input) => client.call("audit.list", input), since);
  for (const entry of [...older, ...early]) show(entry);
  take = show;
  await client.closed();
  throw new AppError("desktop.not-running", "Atoll has ended.");
}

function printVerified({ entries, ok, firstBad }: RequestOutput<"audit.verify">, json: boolean): void {
  print({ entries, ok, firstBad }, json, () =>
    ok
      ? `The log is whole: ${entries} entries.`
      : `The log is broken: entry ${firstBad} does not follow the one before it.`,
  );
  if (!ok) process.exitCode = EXIT.failed;
}
