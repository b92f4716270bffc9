/** `atoll policy ...`. */
import fs from "node:fs/promises";
import path from "node:path";
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { POLICY_ACTIONS, type PolicyAction } from "#shared/model/policy.ts";
import { call, command, type JsonOption } from "../command.ts";
import { editedText } from "../edited-text.ts";
import { EXIT, print, printProblem, table } from "../output.ts";

/** As the application takes it. */
const MAX_IMPORT_BYTES = 1024 * 1024;

interface CheckOptions extends JsonOption {
  from: string;
  to: string;
  type?: string;
}

export function addPolicyCommands(program: Command): void {
  const policy = program.command("policy").description("what may cross between VMs");

  command(policy, "check", "what would happen, and which rule says so")
    .addArgument(new Argument("<action>", "what crosses").choices(POLICY_ACTIONS))
    .requiredOption("--from <party>", "a VM, @host, @disposable")
    .requiredOption("--to <party>", "the same; of net.connect NAME[:PORT] or an address")
    .option("--type <type>", "its MIME type; not of file.send")
    .action(async (action: PolicyAction, { from, to, type, json = false }: CheckOptions) => {
      const answer = await call("policy.check", { action, from, to, type: type ?? null });
      print(answer, json, () => `${answer.decision}: ${answer.explanation}`);
    });

  command(policy, "list", "all rules, in the order in which they count").action(
    async ({ json = false }: JsonOption) => {
      const { rules, problems } = await call("policy.list", {});
      for (const problem of problems) printProblem(problem, json);
      print(rules, json, () =>
        table(
          ["LINE", "ACTION", "FROM", "TO", "TYPE", "UNTIL", "DECISION"],
          rules.map((rule) => [rule.line, rule.action, rule.from, rule.to, rule.type, rule.until, rule.decision]),
          'No rules: nothing may cross. "atoll policy edit" opens the file.',
        ),
      );
    },
  );

  command(policy, "test", "try the tests of the file").action(async ({ json = false }: JsonOption) => {
    const results = await call("policy.test", {});
    print(results, json, () =>
      table(
        ["TEST", "EXPECTED", "ACTUAL", ""],
        results.map(({ name, expected, actual, ok }) => [
          name,
          expected,
          actual,
          actual === null ? "not tried: its VM is not there" : ok ? "ok" : "FAILED",
        ]),
        "The file has no tests.",
      ),
    );
    if (results.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
  });

  command(policy, "edit", "open the file in $EDITOR, and take it when it holds").action(
    async ({ json = false }: JsonOption) => {
      const { file, text } = await call("policy.read", {});
      const isEdited = await editedText(path.basename(file), text, (edited) =>
        call("policy.write", { before: text, text: edited }),
      );
      print(null, json, () => (isEdited ? `${file} is in force.` : "Nothing was changed."));
    },
  );

  command(policy, "export", "write the rules into a file of their own")
    .argument("[file]", "else standard output")
    .addOption(new Option("--action <action>", "only rules that name it").choices(POLICY_ACTIONS))
    .action(async (file: string | undefined, { action, json = false }: JsonOption & { action?: PolicyAction }) => {
      const { text } = await call("policy.export", { action: action ?? null });
      if (file !== undefined) await writeNew(file, text);
      print(file === undefined ? { text } : { file }, json, () =>
        file === undefined ? text.trimEnd() : `The rules are in ${file}.`,
      );
    });

  command(policy, "import", "say what the rules of a file would change, and take them")
    .argument("<file>", "as `policy export` writes it")
    .option("--yes", "take them")
    .action(async (file: string, { yes = false, json = false }: JsonOption & { yes?: boolean }) => {
      const input = { name: file, text: await readWhole(file) };
      const preview = await call("policy.tryImport", input);
      if (!yes) return print(preview, json, () => previewWords(preview));
      const done = await call("policy.import", input);
      const taken = `They are in force. "atoll policy undo ${done.change}" takes them back.`;
      print(Object.assign(preview, done), json, () => `${previewWords(preview)}\n${taken}`);
    });

  command(policy, "undo", "take a change back that was made since Atoll's start")
    .argument("<change>", "its number", changeNumber)
    .action(async (change: number, { json = false }: JsonOption) => {
      await call("policy.undo", { change });
      print(null, json, () => "The policy is as it was before that change.");
    });
}

/** What an import would change, rule by rule. */
function previewWords({ added, known, tests }: RequestOutput<"policy.tryImport">): string {
  const failing = tests.filter(({ ok }) => !ok).map(({ name }) => name);
  const changes = ({ before, after, decision }: (typeof added)[number]): string => {
    if (before === null || after === null) return "its VM is not there";
    if (after !== decision) return `${after}, as before: an earlier rule decides`;
    return before === after ? `${after}, as before` : `${before} -> ${after}`;
  };
  return [
    table(
      ["NEW RULE", "DECISION"],
      added.map((rule) => [rule.text, changes(rule)]),
      "All of its rules are there already.",
    ),
    ...(known > 0 && added.length > 0 ? [`${known} of its rules are there already.`] : []),
    ...failing.map((name) => `The test "${name}" would fail, so it is not taken.`),
  ].join("\n");
}

function changeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("must be the number of a change");
  return Number(text);
}

/** @throws AppError file.write-failed, where there is such a file too */
async function writeNew(file: string, text: string): Promise<void> {
  await fs.writeFile(file, text, { flag: "wx", mode: 0o600 }).catch((error: unknown) => {
    const why = (error as NodeJS.ErrnoException).code === "EEXIST" ? "there is such a file already" : messageOf(error);
    throw new AppError("file.write-failed", `${file} was not written: ${why}.`, { file });
  });
}

/** @throws AppError policy.bad-import */
async function readWhole(file: string): Promise<string> {
  const unread = (why: string): AppError =>
    new AppError("policy.bad-import", `${file} was not read: ${why}.`, { file });
  const { size } = await fs.stat(file).catch((error: unknown) => {
    throw unread(messageOf(error));
  });
  if (size > MAX_IMPORT_BYTES) throw unread("it is larger than 1 MiB");
  return fs.readFile(file, "utf8").catch((error: unknown) => {
    throw unread(messageOf(error));
  });
}
