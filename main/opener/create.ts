/** Puts the opener's parts together, and joins it with the VMs: what their programs want opened. */
import type { Application } from "../application.ts";
import { apps } from "../vms/services/apps.ts";
import { files } from "../vms/services/files.ts";
import { launches } from "../vms/services/launches.ts";
import { opening } from "../vms/services/opening.ts";
import type { Vm } from "../vms/vm.ts";
import type { KnownPrograms } from "./known-programs.ts";
import type { OpenRules } from "./open-rules.ts";
import { Opener } from "./opener.ts";
import type { GuestOpening, OpenerParts, ProgramLists } from "./parts.ts";
import { openWanted } from "./wanted.ts";

interface Parts extends Omit<OpenerParts, "application" | "guests" | "programs" | "rules"> {
  application: OpenerParts["application"] & Pick<Application, "on">;
  programs: ProgramLists & { known: KnownPrograms };
  rules: OpenRules;
}

const guests: GuestOpening = {
  open: (vm, target) => vm.service(launches).open(target, null),
  watch: (vm, path, saved) => vm.service(files).watch(path, saved),
};

export function createOpener(parts: Parts): Opener {
  const { application, page, rules } = parts;
  rules.on("changed", (written) => page.send("open.rulesChanged", { written }));
  const opener = new Opener({ ...parts, guests });
  const known = new Set<Vm>();
  const follow = (): void => {
    const all = new Set(application.vms);
    for (const vm of all) {
      if (known.has(vm)) continue;
      known.add(vm);
      listen(vm, opener, parts);
      keepPrograms(vm, parts.programs.known);
    }
    for (const vm of known) {
      if (all.has(vm)) continue;
      known.delete(vm);
      void parts.programs.known.forget(vm.id);
    }
  };
  application.on("changed", follow);
  follow();
  return opener;
}

/** What programs of this VM want opened. */
function listen(vm: Vm, opener: Opener, parts: Parts): void {
  const client = vm.service(opening);
  let linked = new AbortController();
  client.on("open", (wanted) => {
    const answer: Parameters<typeof openWanted>[4] = (outcome, detail) =>
      client.answerOpen(wanted.wanted, outcome, detail);
    void openWanted(opener, parts, vm, wanted, answer, linked.signal);
  });
  client.on("closed", () => {
    linked.abort();
    linked = new AbortController();
  });
}

/** Nothing of a disposable is kept, and of others what they list, each time they come up and whenever they are asked. */
function keepPrograms(vm: Vm, known: KnownPrograms): void {
  if (vm.definition.isThrowaway === true || vm.status.role === "service") return;
  const client = vm.service(apps);
  let isAsked = false;
  const look = (): void => {
    const isRunning = vm.state === "running";
    if (isRunning && !isAsked) void client.list().catch(() => undefined);
    isAsked = isRunning || (isAsked && vm.isOn);
  };
  client.on("listed", (list) => void known.keep(vm.id, list));
  vm.on("changed", look);
  look();
}
