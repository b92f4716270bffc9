/** What is asked of the opener, for the page and the `atoll` command alike. */
import type { openContract } from "#shared/ipc/open.ts";
import type { RequestInput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import type { ChosenFiles } from "../files/chosen-files.ts";
import type { Caller } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Policy } from "../policy/policy.ts";
import { hostFile } from "./host-file.ts";
import { fileItem, linkItem, type OpenItem } from "./item.ts";
import type { OpenRules } from "./open-rules.ts";
import type { Opener } from "./opener.ts";
import type { OpenOptions } from "./request.ts";
import { decideCell, tableOf, whereOf } from "./table.ts";

interface Parts {
  application: Pick<Application, "parties" | "vm">;
  chosenFiles: ChosenFiles;
  opener: Opener;
  openRules: OpenRules;
  policy: Pick<Policy, "decide">;
}

export function openHandlers({
  application,
  chosenFiles,
  opener,
  openRules,
  policy,
}: Parts): Handlers<typeof openContract> {
  /** @throws AppError open.bad-url, open.no-file, usage.bad-argument */
  async function itemOf(
    item: RequestInput<"open.open">["item"],
    isOfHost: boolean,
    { from }: Caller,
  ): Promise<OpenItem> {
    if (item.kind === "url") return linkItem(item.url);
    if (!isOfHost && item.kind === "file") return fileItem(Buffer.from(item.path));
    const [path] = item.kind === "chosen" ? chosenFiles.take(item.files) : [item.path];
    if (path === undefined || (item.kind === "file" && from === "page") || !isOfHost)
      throw new AppError("usage.bad-argument", "Say which file: choose one.");
    return fileItem(Buffer.from(await hostFile(path)));
  }
  return {
    "open.open": async ({ item: wished, from: fromName, in: wish, edit, wait, askS }, caller) => {
      const from = fromName === null ? null : application.vm(fromName);
      const item = await itemOf(wished, from === null, caller);
      const place = wish?.kind === "vm" ? { kind: wish.kind, vm: application.vm(wish.vm) } : (wish ?? null);
      const request = { item, from, in: place, edit, wanted: null };
      const opened = await opener.open(request, optionsOf(caller, askS));
      const { decision, vm, windowId, rule } = opened;
      const result = { vm: vm.definition.name, windowId, decision, rule };
      return wait ? { ...result, returned: await opened.finished(goneSignal(caller)) } : result;
    },
    "open.table": () => ({
      file: openRules.file,
      problem: openRules.problem,
      ...tableOf({
        rules: openRules.current,
        vms: application.parties,
        decide: (crossing) => policy.decide(crossing).decision,
      }),
    }),
    "open.explain": (cell) => whereOf(decideCell(cell, openRules.current, application.parties)),
    "open.setRule": ({ group, from, in: place, edit }) => {
      const { rule } = decideCell({ group, from }, openRules.current, application.parties);
      return openRules.set({ group, from, in: place, edit }, rule);
    },
    "open.takeBack": (rule) => openRules.takeBack(rule),
    "open.undo": async ({ change }) => {
      await openRules.undo(change);
      return null;
    },
  };
}

/** A person at the desktop takes their time; a command waits so long for an answer, and for nothing when it has gone. */
function optionsOf(caller: Caller, askS: number): OpenOptions {
  if (caller.from === "page") return {};
  const { connection } = caller;
  return {
    signal: goneSignal(caller),
    askSignal: callerSignal(caller, askS),
    progress: (step, vm = "") => connection.notify("open.progress", { step, vm }),
  };
}

function goneSignal(caller: Caller): AbortSignal | undefined {
  if (caller.from === "page") return undefined;
  const gone = new AbortController();
  caller.connection.onClose(() => gone.abort());
  return gone.signal;
}
