/** The `atoll` command: plain Node, no Electron. Its words and exit codes are a contract, see docs/cli.md. */
import fs from "node:fs";
import path from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import type { VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import type { ControlMethod, ControlParams, ControlResults } from "#shared/ipc/control.ts";
import { recipesFolder, resolvePaths } from "../../base/paths.ts";
import { isAnswered } from "../server.ts";
import { templateViews } from "../template-views.ts";
import { doctor } from "../doctor.ts";
import { buildTemplateCommand } from "./build-template.ts";
import { ControlClient } from "./client.ts";
import { exec } from "./exec.ts";
import { openDesktop } from "./open-desktop.ts";
import { quit } from "./quit.ts";
import { EXIT, exitCodeOf, print, printError, printProblem, table } from "./output.ts";

/** Options whose seconds may be left out, and their default. */
const WAITS: Readonly<Record<string, number>> = { "--wait": 120, "--wait-window": 60 };

interface JsonOption {
  json?: boolean;
}

const isJson = process.argv
  .slice(2, process.argv.includes("--") ? process.argv.indexOf("--") : undefined)
  .includes("--json");
const isExec = process.argv[2] === "exec";

const program = new Command("atoll")
  .description("The windows of many virtual machines as one desktop.")
  .exitOverride()
  .configureOutput(isJson && !isExec ? { writeErr: () => undefined } : {})
  .showHelpAfterError("(--help shows how)");

function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option("--json", "print one JSON document");
}

async function call<Method extends ControlMethod>(
  method: Method,
  params: ControlParams<Method>,
): Promise<ControlResults[Method]> {
  const client = await ControlClient.connect();
  try {
    return await client.call(method, params);
  } finally {
    client.close();
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0 || value > 86_400)
    throw new InvalidArgumentError("a number of seconds");
  return value;
}

/** `--wait VM` must not take VM for the seconds: a value that was left out is put in, one that is there is tied to its option. */
function withWaits(words: string[]): string[] {
  const end = words.includes("--") ? words.indexOf("--") : words.length;
  const out: string[] = [];
  for (let at = 0; at < end; at += 1) {
    const word = words[at] ?? "";
    const standard = WAITS[word];
    if (standard === undefined) out.push(word);
    else if (at + 1 < end && /^[0-9.]+$/.test(words[at + 1] ?? "")) {
      out.push(`${word}=${words[at + 1]}`);
      at += 1;
    } else out.push(`${word}=${standard}`);
  }
  return [...out, ...words.slice(end)];
}

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw usage(`"${text}" is not a whole number.`);
  return value;
}

// ---- desktop -----------------------------------------------------------------------------------------------

command(program, "desktop", "open the desktop, or bring it to the front; blocks until it ends").action(
  async (options: JsonOption) => {
    if (await isAnswered(resolvePaths().controlSocket)) {
      await call("desktop.raise", {});
      return print(null, options.json ?? false, () => "The desktop is open.");
    }
    process.exitCode = await openDesktop(path.resolve(import.meta.dirname, "../.."));
  },
);

command(program, "quit", "end the desktop")
  .addOption(new Option("--stop-vms", "stop the VMs too").conflicts("keepVms"))
  .addOption(new Option("--keep-vms", "let the VMs run; the next start finds them again (default)"))
  .action(async (options: JsonOption & { stopVms?: boolean }) => {
    await quit(options.stopVms === true ? "stop" : "keep");
    print(null, options.json ?? false, () =>
      options.stopVms === true ? "Atoll has ended, and its VMs have stopped." : "Atoll has ended; its VMs go on.",
    );
  });

command(program, "screenshot <file>", "picture of the whole desktop, PNG").action(
  async (file: string, options: JsonOption) => {
    writePicture(file, await call("desktop.screenshot", {}), options.json ?? false);
  },
);

command(program, "doctor", "check what Atoll needs of this machine").action(async (options: JsonOption) => {
  const checks = await doctor(path.resolve(import.meta.dirname, ".."));
  print(checks, options.json ?? false, () =>
    table(
      ["", "CHECK", "WHAT", "REMEDY"],
      checks.map((c) => [c.status, c.id, c.detail, c.remedy]),
      "",
    ),
  );
  if (checks.some(({ status }) => status === "fail")) process.exitCode = EXIT.failed;
});

// ---- templates ---------------------------------------------------------------------------------------------

const template = program.command("template").description("images that VMs are made from");

command(template, "list", "templates and whether they are built").action(async (options: JsonOption) => {
  const { templates, problems } = await templateViews(recipesFolder(resolvePaths()));
  for (const problem of problems) printProblem(problem, options.json ?? false);
  print(templates, options.json ?? false, () =>
    table(
      ["NAME", "BUILT", "MIB", "WHAT"],
      templates.map((t) => [
        t.name,
        t.built ? "yes" : "no",
        t.sizeBytes === null ? null : Math.round(t.sizeBytes / 1_048_576),
        t.description,
      ]),
      "No templates.",
    ),
  );
});

command(template, "build <name>", "build a template; progress lines")
  .option("--force", "anew, although it is there; VMs that stand on the old build keep it")
  .action(async (name: string, options: JsonOption & { force?: boolean }) => {
    await buildTemplateCommand(name, options.force ?? false, options.json ?? false);
  });

// ---- VMs ---------------------------------------------------------------------------------------------------

const vm = program.command("vm").description("virtual machines");

command(vm, "list", "all VMs").action(async (options: JsonOption) => {
  const [vms, problems] = await Promise.all([call("vm.list", {}), call("problem.list", {})]);
  for (const problem of problems) printProblem(problem, options.json ?? false);
  print(vms, options.json ?? false, () =>
    table(
      ["NAME", "LABEL", "STATE", "WHY", "WINDOWS", "TEMPLATE"],
      vms.map((v) => [v.name, v.label, v.state, v.stateReason, v.windows, v.template]),
      'No VMs: make one with "atoll vm create NAME --label LABEL".',
    ),
  );
});

command(vm, "info <vm>", "one VM").action(async (name: string, options: JsonOption) => {
  printVm(await call("vm.info", { vm: name }), options.json ?? false);
});

command(vm, "create <name>", "make a VM")
  .addOption(new Option("--label <label>", "colour and shape of its trust").choices(LABEL_NAMES).makeOptionMandatory())
  .addOption(new Option("--driver <driver>", "who runs it").choices(["qemu", "external"]).default("qemu"))
  .option("--template <template>", "what its disk is made from (default: debian)")
  .option("--memory <MiB>", "memory (default: the template's)", integer)
  .option("--cpus <count>", "processors (default: the template's; emulated: at most half of the host's)", integer)
  .addOption(new Option("--network <network>", "its network").choices(["none", "firewall", "direct"]))
  .option("--control <socket>", "external: socket of its control port")
  .option("--frames <socket>", "external: socket of its frames port")
  .option("--bulk <socket>", "external: socket of its bulk port")
  .action(async (name: string, options: JsonOption & CreateOptions) => {
    printVm(await call("vm.create", createParams(name, options)), options.json ?? false);
  });

interface CreateOptions {
  label: LabelName;
  driver: "qemu" | "external";
  template?: string;
  memory?: number;
  cpus?: number;
  network?: "none" | "firewall" | "direct";
  control?: string;
  frames?: string;
  bulk?: string;
}

function createParams(name: string, options: CreateOptions): ControlParams<"vm.create"> {
  const { label, driver, control, frames, bulk } = options;
  if (driver === "external") {
    if (control === undefined || frames === undefined || bulk === undefined)
      throw usage("--driver external needs --control, --frames and --bulk.");
    if (
      options.template !== undefined ||
      options.memory !== undefined ||
      options.cpus !== undefined ||
      options.network !== undefined
    ) {
      throw usage("--template, --memory, --cpus and --network are not Atoll's to choose for an external VM.");
    }
    return {
      driver,
      name,
      label,
      channels: { control: path.resolve(control), frames: path.resolve(frames), bulk: path.resolve(bulk) },
    };
  }
  if (control !== undefined || frames !== undefined || bulk !== undefined)
    throw usage("--control, --frames and --bulk belong to --driver external.");
  return {
    driver,
    name,
    label,
    template: options.template ?? "debian",
    memory: options.memory ?? null,
    cpus: options.cpus ?? null,
    network: options.network ?? "none",
  };
}

const VM_VERBS = {
  start: "start it",
  stop: "stop it in good order",
  kill: "stop it at once, as by pulling the plug",
  pause: "freeze it",
  resume: "let it go on",
  remove: "delete it, with its disk",
} as const;

for (const [verb, description] of Object.entries(VM_VERBS) as [keyof typeof VM_VERBS, string][]) {
  command(vm, `${verb} <vm>`, description)
    .option("--wait [seconds]", `until it is done (default ${WAITS["--wait"]} s)`, seconds)
    .action(async (name: string, options: JsonOption & { wait?: number }) => {
      printVm(await call(`vm.${verb}`, { vm: name, waitS: options.wait ?? null }), options.json ?? false);
    });
}

// ---- programs ----------------------------------------------------------------------------------------------

const app = program.command("app").description("applications of the guests");

command(app, "list [vm]", "applications of one VM, or of all that run").action(
  async (name: string | undefined, options: JsonOption) => {
    const apps = await call("app.list", { vm: name ?? null });
    print(apps, options.json ?? false, () =>
      table(
        ["VM", "ID", "NAME"],
        apps.map((a) => [a.vm, a.id, a.name]),
        "No applications: is the VM running?",
      ),
    );
  },
);

command(program, "run <vm> [words...]", "start an application (APP_ID [FILE...]) or a command (-- ARGV...) in a VM")
  .option("--wait-window [seconds]", `until its first window is there (default ${WAITS["--wait-window"]} s)`, seconds)
  .action(async (name: string, words: string[], options: JsonOption & { waitWindow?: number }) => {
    const isArgv = hasDoubleDash();
    const [appId, ...files] = words;
    if (appId === undefined)
      throw usage('Say what to run: "atoll run VM APP_ID [FILE...]" or "atoll run VM -- ARGV...".');
    const result = await call("app.run", {
      vm: name,
      program: isArgv ? { argv: words } : { appId, files },
      waitWindowS: options.waitWindow ?? null,
    });
    print(
      result,
      options.json ?? false,
      () =>
        `${appId} runs in ${name} as process ${result.pid}${result.windowId === undefined ? "" : `, window ${result.windowId}`}.`,
    );
  });

program
  .command("exec <vm> [argv...]")
  .description("run a command in a VM: its streams, its exit code")
  .option("--tty", "give it a terminal")
  .action(async (name: string, argv: string[], options: { tty?: boolean }) => {
    if (argv.length === 0) throw usage('Say what to run: "atoll exec VM -- ARGV...".');
    const client = await ControlClient.connect();
    try {
      process.exitCode = await exec(client, name, argv, options.tty ?? false);
    } finally {
      client.close();
      process.stdin.destroy();
    }
  });

// ---- windows -----------------------------------------------------------------------------------------------

const window = program.command("window").description("windows on the desktop");

command(window, "list", "all windows").action(async (options: JsonOption) => {
  const windows = await call("window.list", {});
  print(windows, options.json ?? false, () => windowTable(windows));
});

for (const verb of ["focus", "close", "minimize", "maximize", "restore"] as const) {
  command(window, `${verb} <id>`, `${verb} a window`).action(async (id: string, options: JsonOption) => {
    const result = await call(`window.${verb}`, { window: id });
    print(result, options.json ?? false, () => windowTable([result]));
  });
}

command(window, "move <id> <x> <y> [width] [height]", "place a window's content, physical pixels")
  .allowUnknownOption() // negative numbers
  .action(
    async (
      id: string,
      x: string,
      y: string,
      width: string | undefined,
      height: string | undefined,
      options: JsonOption,
    ) => {
      if ((width === undefined) !== (height === undefined)) throw usage("Give both width and height, or neither.");
      const size = (text: string | undefined): number | null => (text === undefined ? null : integer(text));
      const result = await call("window.move", {
        window: id,
        x: integer(x),
        y: integer(y),
        width: size(width),
        height: size(height),
      });
      print(result, options.json ?? false, () => windowTable([result]));
    },
  );

command(window, "screenshot <id> <file>", "picture of a window, PNG").action(
  async (id: string, file: string, options: JsonOption) => {
    writePicture(file, await call("window.screenshot", { window: id }), options.json ?? false);
  },
);

// ---- words -------------------------------------------------------------------------------------------------

function printVm(view: VmView, json: boolean): void {
  print(
    view,
    json,
    () => `${view.name} (${view.label}) is ${view.state}${view.stateReason === null ? "" : `: ${view.stateReason}`}.`,
  );
}

function windowTable(windows: WindowView[]): string {
  return table(
    ["ID", "VM", "STATE", "PLACE", "TITLE"],
    windows.map((w) => [w.id, w.vm, w.frozen ? "frozen" : w.state, `${w.width}x${w.height}+${w.x}+${w.y}`, w.title]),
    "No windows.",
  );
}

function writePicture(file: string, { base64 }: { base64: string }, json: boolean): void {
  const bytes = Buffer.from(base64, "base64");
  try {
    fs.writeFileSync(file, bytes);
  } catch (cause) {
    throw new AppError("file.write-failed", `${file} cannot be written: ${messageOf(cause)}.`, { file }, { cause });
  }
  print({ file: path.resolve(file), sizeBytes: bytes.length }, json, () => `${file}, ${bytes.length} bytes.`);
}

function usage(message: string): AppError {
  return new AppError("usage.bad-argument", message);
}

/** Whether the words came behind a "--". */
function hasDoubleDash(): boolean {
  return process.argv.includes("--");
}

try {
  await program.parseAsync(withWaits(process.argv.slice(2)), { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said it, in words; help asked for is no failure.
    if (error.exitCode !== 0 && isJson && !isExec) printError(usage(error.message), true);
    process.exitCode = error.exitCode === 0 ? EXIT.done : isExec ? EXIT.execFailed : EXIT.usage;
  } else {
    printError(error, isJson && !isExec);
    process.exitCode = isExec ? EXIT.execFailed : exitCodeOf(error);
  }
}
