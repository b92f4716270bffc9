/**
 * What scanners say is in the audit log where no transfer's entry says it: what they have found where nobody had asked, and what they
 * say anew, with other signatures, of a file in which something was found. A guest that brings many about does not fill the log.
 */
import { laterWords } from "#shared/model/quarantine.ts";
import { type FileVerdict, verdictWords } from "#shared/model/scan.ts";
import type { CrossingParty } from "#shared/model/crossing.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { AuditLog } from "../audit/audit-log.ts";
import { Repeats } from "../audit/repeats.ts";
import { partyOf } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import type { Quarantine } from "./quarantine.ts";
import { ANTIVIRUS_SERVICE, type WatchedFolders } from "./watched-folders.ts";

const MAX_PATH = 200;
const MAX_WORDS = 300;

interface Parts {
  audit: Pick<AuditLog, "append">;
  quarantine: Pick<Quarantine, "on">;
  watchedFolders: Pick<WatchedFolders, "on">;
}

interface Scanned {
  from: CrossingParty;
  service: string;
  path: string;
  bytes: number | null;
  isClean: boolean;
  words: string;
}

export function auditScans({ audit, quarantine, watchedFolders }: Parts): void {
  // What cannot be written the log tells itself.
  const repeats = new Repeats((entry) => audit.append(entry).catch(() => null));
  const add = ({ from, service, path, bytes, isClean, words }: Scanned): void =>
    void repeats.add({
      ...{ action: "file.scan", from, to: { kind: "service", name: service }, type: null, bytes },
      ...{ decision: isClean ? "allow" : "deny", rule: null, by: "scanner" },
      detail: `${escapeForLog(path, MAX_PATH)}: ${escapeForLog(words, 2 * MAX_WORDS)}`,
    });
  const watched = (vm: Vm, path: string): Pick<Scanned, "from" | "service" | "path" | "bytes"> => ({
    ...{ from: partyView(partyOf(vm.status)), service: ANTIVIRUS_SERVICE, path, bytes: null },
  });
  watchedFolders.on("found", (vm, file) =>
    add({ ...watched(vm, file.path), isClean: false, words: verdictWords(file) }),
  );
  watchedFolders.on("cleared", (vm, file, before) =>
    add({ ...watched(vm, file.path), isClean: true, words: changeWords(before, file) }),
  );
  quarantine.on("reviewed", (all) => {
    for (const { file, before } of all) {
      const { from, service, path, bytes } = file;
      const now = file.now ?? file;
      const words = `in quarantine, ${changeWords(before, now)}`;
      add({ from, service, path, bytes, isClean: now.verdict === "clean", words });
    }
  });
}

type Said = Pick<FileVerdict, "verdict" | "engines">;

function changeWords(before: Said, now: Said): string {
  const [was, is] = [before, now].map((verdict) => laterWords(verdict).slice(0, MAX_WORDS));
  return `with new signatures, ${is}; before, ${was}`;
}
