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
import type { OpenerParts } from "./parts.ts";

type Application = Pick<OpenerParts["application"], "apps" | "parties" | "vms">;
export type ProgramElsewhere = EventPayload<"open.notice">["programs"][number];

/** A guest that does not answer keeps nobody waiting for long. */
const MAX_LIST_MS = 2_000;
/** Longest name of a program in a message, grapheme clusters. */
const MAX_NAME = 40;

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
  return app === undefined ? null : cleanText(app.name, MAX_NAME);
}

/** Windows of the programs there that show links, newest first: a link opens in one of them. */
export async function browserWindows(vm: Vm, item: OpenItem, application: Application): Promise<GuestWindow[]> {
  if (item.kind !== "url" || vm.windows.size === 0) return [];
  const ids = new Set((await handlers(vm, item, application)).map(({ id }) => id.replace(/\.desktop$/, "")));
  return [...vm.windows.values()].filter(({ appId }) => ids.has(appId)).toReversed();
}

/** What is said where `vm` has no program for it, with who has one. */
export async function noHandler(vm: Vm, item: OpenItem, type: string, application: Application): Promise<AppError> {
  const { name } = vm.definition;
  const what = item.kind === "url" ? `${item.link.scheme} links` : type === "" ? "this file" : `"${type}"`;
  const others = application.vms.filter((other) => other.id !== vm.id && other.status.role !== "disposable");
  const found = await Promise.all(others.map((other) => programFor(other, item, application)));
  const programs: ProgramElsewhere[] = others.flatMap((other, at) => {
    const program = found[at] ?? null;
    const party = partyIn(application.parties, other);
    return program === null ? [] : [{ vm: party.name, template: party.template, program, party: partyView(party) }];
  });
  const choices = programs.map(({ vm: has, program, template }) =>
    template === null ? `${has} has “${program}”` : `${has} (template ${template}) has “${program}”`,
  );
  const next =
    choices.length === 0
      ? `No VM that runs has one either: install one in a VM, or in its template`
      : `${choices.join(", ")}: open it there, or in a disposable VM of that template`;
  const details = { vm: name, type, programs };
  return new AppError("open.no-handler", `VM "${name}" has no program that opens ${what}. ${next}.`, details);
}
