/** What is asked of the icons of the desktop. */
import type { iconContract } from "#shared/ipc/icon.ts";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import { combinedVerdict, verdictWords } from "#shared/model/scan.ts";
import type { Application } from "../application.ts";
import type { HostFilesOptions } from "../files/host-files.ts";
import { keyOfEnd } from "../files/parties.ts";
import type { FilesParty } from "../files/transfer.ts";
import type { Transfers } from "../files/transfers.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import { fileItem } from "../opener/item.ts";
import type { Opener } from "../opener/opener.ts";
import { scanPath } from "../scanning/scan-path.ts";
import type { Scanner } from "../scanning/scanner.ts";
import type { SettingsFile } from "../settings/settings.ts";
import { launches } from "../vms/services/launches.ts";
import type { DesktopFile, DesktopIcons } from "./desktop-icons.ts";

interface Parts {
  application: Pick<Application, "vm">;
  hostFiles: HostFilesOptions;
  icons: Pick<DesktopIcons, "file" | "rename" | "trash" | "restore" | "follow" | "shown">;
  opener: Pick<Opener, "open">;
  scanner: Scanner;
  settings: Pick<SettingsFile, "remember">;
  transfers: Pick<Transfers, "start">;
}

export function iconHandlers({
  application,
  hostFiles,
  icons,
  opener,
  scanner,
  settings,
  transfers,
}: Parts): Handlers<typeof iconContract> {
  return {
    "icon.open": async ({ id, inDisposable }) => {
      const { party, path, isFolder } = icons.file(id);
      if (isFolder) await openFolder(party, path);
      else
        await opener.open({
          item: fileItem(path),
          from: party.kind === "vm" ? party.vm : null,
          in: inDisposable ? { kind: "disposable" } : null,
          edit: false,
          wanted: null,
        });
      return null;
    },
    "icon.rename": async ({ id, name }) => ({ id: await icons.rename(id, name) }),
    "icon.trash": ({ ids }) => icons.trash(ids),
    "icon.restore": async ({ undo }) => {
      await icons.restore(undo);
      return null;
    },
    "icon.send": ({ ids, to }) => {
      const target: FilesParty = to === null ? { kind: "host" } : { kind: "vm", vm: application.vm(to) };
      for (const { party, paths } of byParty(ids.map((id) => icons.file(id)))) {
        if (keyOfEnd(party) === keyOfEnd(target)) continue;
        transfers.start({
          source: { party, paths },
          target,
          destination: { kind: "incoming" },
          permission: { kind: "ask" },
        });
      }
      return null;
    },
    "icon.scan": async ({ ids }) => {
      scanner.check();
      const scanned: RequestOutput<"icon.scan"> = [];
      const { signal } = new AbortController();
      for (const id of ids) {
        const files = await scanPath(scanner, hostFiles, icons.file(id), { signal });
        const verdict = combinedVerdict(files);
        const worst = files.find((file) => file.verdict === verdict);
        scanned.push({ id, verdict, words: worst === undefined ? "there is no file in it" : verdictWords(worst) });
      }
      return scanned;
    },
    "icon.setPlaces": async (places) => {
      await settings.remember("desktopIcons", places);
      icons.follow();
      return null;
    },
    "icon.shown": () => icons.shown(),
  };
}

async function openFolder(party: FilesParty, path: Uint8Array): Promise<void> {
  if (party.kind === "host")
    throw new AppError("open.no-file", "This folder is of this computer: open it in its own file manager.");
  await party.vm.service(launches).open({ kind: "file", path }, null);
}

function byParty(files: readonly DesktopFile[]): Iterable<{ party: FilesParty; paths: Uint8Array[] }> {
  const groups = new Map<string, { party: FilesParty; paths: Uint8Array[] }>();
  for (const { party, path } of files) {
    const group = groups.get(keyOfEnd(party)) ?? { party, paths: [] };
    group.paths.push(path);
    groups.set(keyOfEnd(party), group);
  }
  return groups.values();
}
