/** Puts the opener's parts together, and joins it with the VMs: what their programs want opened. */
import type { Application } from "../application.ts";
import { files } from "../vms/services/files.ts";
import { launches } from "../vms/services/launches.ts";
import { opening } from "../vms/services/opening.ts";
import type { Vm } from "../vms/vm.ts";
import type { OpenRules } from "./open-rules.ts";
import { Opener } from "./opener.ts";
import type { GuestOpening, OpenerParts } from "./parts.ts";
import { openWanted } from "./wanted.ts";

interface Parts extends Omit<OpenerParts, "application" | "guests" | "rules"> {
  application: Application;
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
  const known = new WeakSet<Vm>();
  const follow = (): void => {
    for (const vm of application.vms) {
      if (known.has(vm)) continue;
      known.add(vm);
      listen(vm, opener, parts);
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
