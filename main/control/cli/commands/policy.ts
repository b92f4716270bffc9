/** `atoll policy ...`. */
import { spawn } from "node:child_process";
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { Argument, type Command } from "commander";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { POLICY_ACTIONS, type PolicyAction } from "#shared/model/policy.ts";
import { call, command, type JsonOption } from "../command.ts";
import { EXIT, print, printProblem, table } from "../output.ts";

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
    .option("--type <type>", "its MIME type")
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
      const edited = await editedText(text);
      if (edited !== text) await call("policy.write", { before: text, text: edited });
      print(null, json, () => (edited === text ? "Nothing was changed." : `${file} is in force.`));
    },
  );
}

/** What a person makes of `text` in their editor. @throws AppError policy.broken */
async function editedText(text: string): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "atoll-policy-"));
  const file = path.join(folder, "policy.yaml");
  try {
    await fs.writeFile(file, text, { mode: 0o600 });
    await runEditor(file);
    return await fs.readFile(file, "utf8");
  } finally {
    await fs.rm(folder, { recursive: true, force: true });
  }
}

/** $EDITOR may have arguments, so a shell reads it, as git and crontab have it. */
function runEditor(file: string): Promise<void> {
  const editor = [process.env["VISUAL"], process.env["EDITOR"]].find((one) => one !== undefined && one !== "") ?? "vi";
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    child.on("error", (error) => reject(notEdited(messageOf(error))));
    child.on("exit", (code) => (code === 0 ? resolve() : reject(notEdited(`"${editor}" ended with ${code}`))));
  });
}

function notEdited(why: string): AppError {
  return new AppError("policy.not-edited", `The policy was not changed: ${why}.`);
}
