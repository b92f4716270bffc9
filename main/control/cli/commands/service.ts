/** `atoll service ...`. `new`, `validate`, `run-once`, `sign` and `verify` need no application. */
import fs from "node:fs/promises";
import path from "node:path";
import type { Command } from "commander";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import {
  MAX_SETTING_FILE,
  MAX_SETTING_FILE_BYTES,
  type ServiceView,
  settingFromText,
  type SettingValue,
} from "#shared/model/service.ts";
import { escapeControls } from "#shared/model/text.ts";
import { VM_NAME_PATTERN } from "#shared/model/vm.ts";
import { problemWords } from "#shared/model/yaml-file.ts";
import {
  answerOnce,
  newService,
  problemsOf,
  signService,
  type SignedService,
  verifyService,
} from "../../service-tools.ts";
import { call, command, type JsonOption, wrongUsage } from "../command.ts";
import { EXIT, print, table } from "../output.ts";
import { indexCommandsOf } from "./service-index.ts";

type Info = RequestOutput<"service.info">;

export function addServiceCommands(program: Command, applicationFolder: string): void {
  const service = program.command("service").description("VMs that serve others: a firewall, a scanner, your own");
  indexCommandsOf(service);

  command(service, "list", "all services").action(async ({ json = false }: JsonOption) => {
    const services = (await call("service.list", {})).map(rowOf);
    print(services, json, () =>
      table(
        ["NAME", "VERSION", "STATE", "HEALTH", "MAY"],
        services.map(({ name, version, state, health, rights }) => [name, version, state, health, rightWords(rights)]),
        "No services.",
      ),
    );
  });

  command(service, "info <name>", "one service, with its settings and panels").action(
    async (name: string, { json = false }: JsonOption) => {
      const info = await call("service.info", { name });
      print({ ...rowOf(info), ...factsOf(info), settings: valuesOf(info), panels: panelsOf(info) }, json, () =>
        infoWords(info),
      );
    },
  );

  command(
    service,
    "start <name>",
    "build its image where it is missing, start it, and wait until it is healthy",
  ).action(async (name: string, { json = false }: JsonOption) => {
    const view = await call("service.start", { name });
    print(rowOf(view), json, () => `Service ${view.name} is ${view.state}.`);
  });

  command(service, "stop <name>", "stop it").action(async (name: string, { json = false }: JsonOption) => {
    const view = await call("service.stop", { name });
    print(rowOf(view), json, () => `Service ${view.name} is ${view.state}.`);
  });

  command(service, "back <name>", "go back to the signatures that it had before, or to the version")
    .option("--version", "to the version that it had before, with its settings")
    .action(async (name: string, { json = false, version = false }: JsonOption & { version?: boolean }) => {
      const view = await call(version ? "service.backToVersion" : "service.back", { name });
      const what = version ? `is version ${view.version} again` : "has the signatures from before";
      print(rowOf(view), json, () => `Service ${view.name} ${what}.`);
    });

  command(service, "log <name>", "its last lines").action(async (name: string, { json = false }: JsonOption) => {
    const lines = await call("service.log", { name });
    const words = lines.map(({ timeMs, level, from, text }) => {
      const time = new Date(timeMs).toISOString().slice(11, 19);
      return `${time}  ${level.padEnd(7)}  ${from === "program" ? "program: " : ""}${text}`;
    });
    print(lines, json, () => words.join("\n") || "Nothing yet.");
  });

  command(
    service,
    "settings <name> [values...]",
    "show or change its settings: KEY=VALUE, lists by commas, files as KEY=@FILE",
  ).action(async (name: string, words: string[], { json = false }: JsonOption) => {
    const before = await call("service.info", { name });
    const values = await settingsOf(before, words);
    const info = words.length === 0 ? before : await call("service.set", { name, values });
    print(valuesOf(info), json, () =>
      table(
        ["SETTING", "VALUE", "WHAT"],
        Object.entries(info.settings).map(([key, { value, schema }]) => [key, valueWords(value), schema.title]),
        `${name} has no settings.`,
      ),
    );
  });

  command(service, "test <name>", "run its tests; exit 1 when one fails").action(
    async (name: string, { json = false }: JsonOption) => {
      const results = await call("service.test", { name });
      print(results, json, () =>
        results
          .map(({ name: what, ok, detail }) => `${ok ? "ok  " : "FAIL"}  ${what}${ok ? "" : `: ${detail}`}`)
          .join("\n"),
      );
      if (results.some(({ ok }) => !ok)) process.exitCode = EXIT.failed;
    },
  );

  command(
    service,
    "install <dir-or-name>",
    "show what a service may do, of a folder or of an index; with --yes install it, or its newer version",
  )
    .option("--yes", "install it")
    .option("--from <index>", "the index that has it")
    .action(
      async (what: string, { json = false, yes = false, from }: JsonOption & { yes?: boolean; from?: string }) => {
        const sheet =
          from !== undefined || !(await isFolder(what))
            ? await call("index.sheet", { name: what, index: from ?? null })
            : await call("service.sheet", { folder: path.resolve(what) });
        if (!yes) return print({ ...sheet, installed: false }, json, () => sheetWords(sheet));
        if (!json) process.stdout.write(`${escapeControls(sheetWords(sheet, true))}\n`);
        const { name, origin } = sheet;
        const view = isOfIndex(sheet)
          ? await call("index.install", { name, index: origin.index ?? "", list: sheet.list })
          : await call("service.install", { folder: path.resolve(what) });
        print({ ...rowOf(view), installed: true }, json, () => `Service ${view.name} ${view.version} is installed.`);
      },
    );

  command(service, "remove <name>", "remove an installed service with its VM and settings").action(
    async (name: string, { json = false }: JsonOption) => {
      await call("service.remove", { name });
      print({ name, removed: true }, json, () => `Service ${name} is removed.`);
    },
  );

  command(service, "new <name>", "make a folder ./NAME with a service that runs").action(
    async (name: string, { json = false }: JsonOption) => {
      const folder = await newService(process.cwd(), name);
      print({ name, folder }, json, () => `${folder} is there: try "atoll service run-once ${name}".`);
    },
  );

  command(service, "validate <dir>", "what is wrong with a service's folder").action(
    async (dir: string, { json = false }: JsonOption) => {
      const problems = await problemsOf(dir);
      const ok = problems.length === 0;
      print({ ok, problems }, json, () => (ok ? "Nothing is wrong with it." : problems.map(problemWords).join("\n")));
      if (!ok) process.exitCode = EXIT.failed;
    },
  );

  command(service, "sign <dir>", "sign a service's folder with your key, which is made where there is none")
    .option("--days <number>", "until its signature expires", "365")
    .action(async (dir: string, { json = false, days: typed }: JsonOption & { days: string }) => {
      const days = Number(typed);
      if (!/^\d{1,4}$/.test(typed) || days < 1) throw wrongUsage(`--days ${typed}: a number from 1 to 9999.`);
      const signed = await signService(dir, days);
      print(signed, json, () => signedWords(signed));
    });

  command(service, "verify <dir>", "whether a service's folder is what was signed, and by whom").action(
    async (dir: string, { json = false }: JsonOption) => {
      const signed = await verifyService(dir);
      print(signed, json, () => signedWords(signed));
    },
  );

  command(
    service,
    "run-once <dir> [file]",
    "give a service one job, without the desktop: a file, JSON of a .json file",
  ).action(async (dir: string, file: string | undefined, { json = false }: JsonOption) => {
    const cancelling = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => cancelling.abort(new AppError("vm.start-cancelled", "It was cancelled.")));
    const say = (line: string): void => void process.stderr.write(`${escapeControls(line)}\n`);
    const answer = await answerOnce(dir, file ?? null, {
      out: applicationFolder,
      signal: cancelling.signal,
      onProgress: ({ step, detail }) => say(`image: ${step} ${detail}`),
      onLog: say,
    });
    print(answer, json, () => (typeof answer === "string" ? answer : JSON.stringify(answer, undefined, 2)));
  });
}

function signedWords({ name, version, expires, key, fingerprint, files }: SignedService): string {
  return [
    `${name} ${version}, ${files} files, is signed until ${expires}.`,
    `By the key ${key}`,
    `its fingerprint: ${fingerprint}`,
  ].join("\n");
}

/** The contract's fields. */
function rowOf({
  name,
  version,
  state,
  health,
  vm,
  rights,
}: ServiceView): Pick<ServiceView, "name" | "version" | "state" | "health" | "vm" | "rights"> {
  return { name, version, state, health, vm, rights };
}

function factsOf({
  description,
  origin,
  versionBefore,
  stateDetail,
  healthDetail,
  status,
  memoryMiB,
  cpus,
  uptimeS,
}: ServiceView) {
  return { description, origin, versionBefore, stateDetail, healthDetail, status, memoryMiB, cpus, uptimeS };
}

function valuesOf({ settings }: Info): Record<string, SettingValue> {
  return Object.fromEntries(Object.entries(settings).map(([key, { value }]) => [key, value]));
}

function panelsOf({ panels, tables }: Info): object[] {
  return panels.map((panel) => ({ ...panel, ...("table" in panel ? { rows: tables[panel.table] ?? [] } : {}) }));
}

function rightWords(rights: ServiceView["rights"]): string {
  const asked = rights.filter(({ asked }) => asked).map(({ id }) => id);
  return asked.join(", ") || "nothing";
}

function infoWords(info: Info): string {
  const { name, version, description, state, stateDetail, health, healthDetail, status } = info;
  const more = [
    stateDetail,
    healthDetail === "" ? "" : `The program says: "${healthDetail}"`,
    status === "" ? "" : `Status: "${status}"`,
  ].filter((line) => line !== "");
  const rights = info.rights.map(({ words, asked }) => `  ${asked ? "yes" : "no "}  ${words}`);
  const settings = Object.entries(info.settings).map(([key, { value }]) => `  ${key} = ${valueWords(value)}`);
  return [
    `${name} ${version}: ${description}`,
    `${state}, health ${health ?? "-"}`,
    ...more,
    "May:",
    ...rights,
    ...(settings.length === 0 ? [] : ["Settings:", ...settings]),
  ].join("\n");
}

type Sheet = RequestOutput<"service.sheet"> | RequestOutput<"index.sheet">;

function isOfIndex(sheet: Sheet): sheet is RequestOutput<"index.sheet"> {
  return sheet.origin.kind === "index";
}

function sheetWords(sheet: Sheet, isInstalling = false): string {
  const { name, version, rights, added, installedVersion } = sheet;
  const may = rights.filter(({ asked }) => asked).map(({ words }) => `  ${words}`);
  const not = rights.filter(({ asked }) => !asked).map(({ words }) => `  ${words}`);
  return [
    `Service ${name} ${version}, ${fromWords(sheet)}.`,
    ...(installedVersion === null ? [] : [`In the place of ${installedVersion}, which goes on until then.`]),
    may.length === 0 ? "It asks for nothing." : "It may:",
    ...may,
    ...(not.length === 0 ? [] : ["It may not:", ...not]),
    ...(added.length === 0 ? [] : ["New in this version:", ...added.map((words) => `  ${words}`)]),
    ...(isInstalling ? [] : ['Nothing is installed yet: "--yes" installs it.']),
  ].join("\n");
}

function fromWords(sheet: Sheet): string {
  const { signer } = sheet.origin;
  const by = signer === null ? "not signed" : `signed by ${signer}`;
  if (!isOfIndex(sheet)) return `from a folder of this machine (${by})`;
  const index = `index ${sheet.origin.index}${sheet.isIndexSigned ? "" : ", which nobody has signed"}`;
  return `from ${index} (${by}), ${Math.ceil(sheet.bytes / 1024)} KiB`;
}

/** What is a folder here is taken for one; what cannot be a service's name, too. */
async function isFolder(what: string): Promise<boolean> {
  if (!VM_NAME_PATTERN.test(what)) return true;
  return fs.stat(what).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

function valueWords(value: SettingValue): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** @throws AppError usage.bad-argument, service.bad-setting */
async function settingsOf({ name, settings }: Info, words: readonly string[]): Promise<Record<string, SettingValue>> {
  const pairs = words.map(async (word): Promise<[string, SettingValue]> => {
    const at = word.indexOf("=");
    if (at < 1) throw wrongUsage(`"${word}" is not KEY=VALUE.`);
    const key = word.slice(0, at);
    const schema = settings[key]?.schema;
    if (schema === undefined)
      throw new AppError("service.bad-setting", `Service "${name}" has no setting "${key}".`, { service: name, key });
    const text = word.slice(at + 1);
    if (schema.type === "file") return [key, text === "" ? "" : await fileText(key, text)];
    // The application says where it cannot be the setting's.
    return [key, settingFromText(schema, text) as SettingValue];
  });
  return Object.fromEntries(await Promise.all(pairs));
}

/** The text of the file that a setting names as "@FILE". @throws AppError usage.bad-argument, service.bad-setting */
async function fileText(key: string, word: string): Promise<string> {
  if (!word.startsWith("@")) throw wrongUsage(`"${key}" is a file: ${key}=@FILE, or ${key}= for none.`);
  const file = word.slice(1);
  try {
    const { size } = await fs.stat(file);
    if (size > MAX_SETTING_FILE_BYTES) throw new Error(`it is larger than ${MAX_SETTING_FILE / 1024} KiB`);
    return await fs.readFile(file, "utf8");
  } catch (error) {
    throw new AppError("service.bad-setting", `${file} was not read: ${messageOf(error)}.`, { key, file });
  }
}
