/** Who has a program for what is opened: by the guests' desktop entries, which are their word. */
import type { EventPayload } from "#shared/ipc/index.ts";
import type { AppView } from "#shared/model/app.ts";
import { AppError } from "#shared/model/app-error.ts";
import { cleanText } from "#shared/model/text.ts";
import type { GuestWindow } from "#shared/model/window.ts";
import { waitFor } from "../base/waiting.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import type { OpenItem } from "./item.ts";
import { partyIn } from "./parties.ts";
import { MAX_PROGRAM_NAME } from "./known-programs.ts";
import type { OpenerParts, ProgramLists } from "./parts.ts";
import type { TemplatePrograms } from "./template-programs.ts";

type Application = Pick<OpenerParts["application"], "apps" | "parties" | "vms">;
interface ProgramParts {
  application: Application;
  programs: ProgramLists;
}
export type ProgramElsewhere = EventPayload<"open.notice">["programs"][number];

/** A guest that does not answer keeps nobody waiting for long. */
const MAX_LIST_MS = 2_000;

/** As desktop entries name it: a MIME type, or the handler of a scheme; null: not known. */
function handledType(item: OpenItem): string | null {
  return item.kind === "file" ? item.type : `x-scheme-handler/${item.link.scheme}`;
}

async function handlers(vm: Vm, item: OpenItem, application: Pick<Application, "apps">): Promise<AppView[]> {
  const type = handledType(item);
  if (type === null || vm.state !== "running") return [];
  const all = await waitFor<AppView[]>({
    listen: ({ resolve }) => {
      application.apps(vm.id).then(resolve, () => resolve([]));
      return () => undefined;
    },
    timeoutMs: MAX_LIST_MS,
    onTimeout: ({ resolve }) => resolve([]),
  });
  return all.filter(({ mimeTypes }) => mimeTypes.includes(type));
}

/** Name of a program there that opens it; null: none, or it is not known. */
export async function programFor(vm: Vm, item: OpenItem, application: Application): Promise<string | null> {
  const [app] = await handlers(vm, item, application);
  return app === undefined ? null : cleanText(app.name, MAX_PROGRAM_NAME);
}

/** Windows of the programs there that show links, newest first: a link opens in one of them. */
export async function browserWindows(vm: Vm, item: OpenItem, application: Application): Promise<GuestWindow[]> {
  if (item.kind !== "url" || vm.windows.size === 0) return [];
  const ids = new Set((await handlers(vm, item, application)).map(({ id }) => id.replace(/\.desktop$/, "")));
  return [...vm.windows.values()].filter(({ appId }) => ids.has(appId)).toReversed();
}

/**
 * Name of a program there that opens it, whether the VM runs or not: of one that does not, what it had when it last listed its
 * programs, or what its template has. null: none is known.
 */
export async function knownProgramFor(vm: Vm, item: OpenItem, parts: ProgramParts): Promise<string | null> {
  const { application, programs } = parts;
  const type = handledType(item);
  if (vm.state === "running" || type === null) return programFor(vm, item, application);
  const kept = await programs.known.programFor(vm.id, type);
  if (kept !== null) return kept;
  const { template } = partyIn(application.parties, vm);
  return programOfTemplate(
    type,
    (await programs.templates()).find(({ name }) => name === template),
  );
}

function programOfTemplate(type: string, template: TemplatePrograms | undefined): string | null {
  const name = template?.programs.get(type);
  return name === undefined ? null : cleanText(name, MAX_PROGRAM_NAME);
}

/** What is said where `vm` has no program for it, with who has one: VMs, those that run first, then other templates. */
export async function noHandler(vm: Vm, item: OpenItem, type: string, parts: ProgramParts): Promise<AppError> {
  const { name } = vm.definition;
  const what = item.kind === "url" ? `${item.link.scheme} links` : type === "" ? "this file" : `"${type}"`;
  const ofVms = await programsOfVms(vm, item, parts);
  const named = new Set(ofVms.map(({ program: { template } }) => template));
  const found = [...ofVms, ...(await programsOfTemplates(item, parts, named))];
  const programs = found.map(({ program }) => program);
  const choices = found.map(({ who, program: { program } }) => `${who} has “${program}”`).join(", ");
  const next =
    found.length === 0
      ? "No other VM or template is known to have one: install one in a VM, or in its template"
      : `${choices}: ${ofVms.length === 0 ? "create a VM of it" : "open it there"}, or open it in a disposable VM of that template`;
  const details = { vm: name, type, programs };
  return new AppError("open.no-handler", `VM "${name}" has no program that opens ${what}. ${next}.`, details);
}

interface Found {
  /** For people. */
  readonly who: string;
  readonly program: ProgramElsewhere;
}

async function programsOfVms(without: Vm, item: OpenItem, parts: ProgramParts): Promise<Found[]> {
  const { application } = parts;
  const others = application.vms
    .filter(({ id, status }) => id !== without.id && status.role !== "disposable" && status.role !== "service")
    .toSorted((one, other) => Number(other.state === "running") - Number(one.state === "running"));
  const found = await Promise.all(others.map((other) => knownProgramFor(other, item, parts)));
  return others.flatMap((other, at) => {
    const program = found[at] ?? null;
    if (program === null) return [];
    const party = partyIn(application.parties, other);
    const { name, template } = party;
    const more = [template === null ? "" : `template ${template}`, other.state === "running" ? "" : "not running"];
    const words = more.filter(Boolean).join(", ");
    return [
      {
        who: words === "" ? name : `${name} (${words})`,
        program: { vm: name, template, program, party: partyView(party) },
      },
    ];
  });
}

/** @param named those that are of a VM which has a program, too */
async function programsOfTemplates(
  item: OpenItem,
  { programs }: ProgramParts,
  named: ReadonlySet<string | null>,
): Promise<Found[]> {
  const type = handledType(item);
  if (type === null) return [];
  return (await programs.templates()).flatMap((template) => {
    const { name } = template;
    const program = named.has(name) ? null : programOfTemplate(type, template);
    if (program === null) return [];
    return [{ who: `template ${name}`, program: { vm: null, template: name, program, party: null } }];
  });
}
