/** Puts the parts of scanning together: engines, quarantine, signatures and watched folders, and what each does when another changes. */
import { messageOf } from "#shared/model/app-error.ts";
import { laterWords } from "#shared/model/quarantine.ts";
import type { VmId } from "#shared/model/vm.ts";
import { atMostEach } from "../base/at-most-each.ts";
import { log } from "../base/log.ts";
import type { Crossings } from "../crossings/crossings.ts";
import type { HostFilesOptions } from "../files/host-files.ts";
import type { Transfers } from "../files/transfers.ts";
import type { Services } from "../services/services.ts";
import type { Vm } from "../vms/vm.ts";
import { carryFolder } from "./carry.ts";
import { enginesOf, isScanner } from "./engine.ts";
import { Quarantine } from "./quarantine.ts";
import { QuarantineFile } from "./quarantine-file.ts";
import { Rescan } from "./rescan.ts";
import { scanPath } from "./scan-path.ts";
import { Scanner } from "./scanner.ts";
import { Signatures } from "./signatures.ts";
import { SignaturesFile } from "./signatures-file.ts";
import { ANTIVIRUS_SERVICE, WatchedFolders, type WatchedFoldersParts } from "./watched-folders.ts";

/** Each message of any service's program asks for a look at all files in quarantine, and hundreds may come in a second. */
const LOOK_MS = 200;

interface Parts {
  application: { readonly vms: readonly Vm[]; on(event: "changed", listener: () => void): unknown };
  services: Services;
  hostFiles: HostFilesOptions;
  stateFolder: string;
  /** Those below use a scanner themselves, so that they are made after it. */
  crossings: () => Crossings;
  transfers: () => Transfers;
  /** Files of a VM that were opened last, newest first. */
  recent: { of(vm: VmId): readonly { readonly path: Uint8Array }[] };
}

export interface Scanning {
  scanner: Scanner;
  quarantine: Quarantine;
  signatures: Signatures;
  watchedFolders: WatchedFolders;
  /** Nothing is watched any more. */
  close(): void;
}

export function createScanning(parts: Parts): Scanning {
  const { application, services, hostFiles, stateFolder, recent } = parts;
  const engines = enginesOf(services, (unit, work) =>
    services.forks.with(unit.manifest.name, async (other) => {
      await signatures.giveSame(unit, other);
      return work(other);
    }),
  );
  const quarantine = new Quarantine({
    file: new QuarantineFile(stateFolder),
    engines,
    crossings: parts.crossings,
    startTransfer: (request, options) => parts.transfers().start(request, options),
    vm: (id) => application.vms.find((vm) => vm.id === id),
  });
  const scanner = new Scanner(engines, quarantine, {
    isComing: () => services.coming.some(isScanner),
    opened: services.opened,
  });
  const signatures: Signatures = new Signatures({
    services,
    released: (vm) => scanner.released(vm),
    carry: carryFolder,
    file: new SignaturesFile(stateFolder),
  });
  const scan: WatchedFoldersParts["scan"] = (vm, path, signal, isDue) =>
    scanPath(scanner, hostFiles, { party: { kind: "vm", vm }, path }, { signal, isDue, isUnasked: true });
  const watchedFolders = new WatchedFolders({
    application,
    scanner,
    places: () => services.listOf(ANTIVIRUS_SERVICE, "watched"),
    scan,
  });
  const looks = atMostEach(LOOK_MS, () => {
    quarantine.look();
    signatures.look();
    watchedFolders.follow();
  });
  services.on("changed", () => looks.ask());
  application.on("changed", () => watchedFolders.follow());
  const rescan = new Rescan({
    application,
    opened: (vm) => recent.of(vm).map(({ path }) => path),
    watched: watchedFolders,
    quarantine,
    scan: (vm, path, options) =>
      scanPath(scanner, hostFiles, { party: { kind: "vm", vm }, path }, { ...options, isUnasked: true }),
    found: (vm, file) => watchedFolders.emit("found", vm, file),
    cleared: (vm, file, before) => watchedFolders.emit("cleared", vm, file, before),
  });
  const scanAgain = (): Promise<void> =>
    rescan.again().catch((error: unknown) => log(`files were not scanned again: ${messageOf(error)}`));
  signatures.on("switched", () => void scanAgain());
  quarantine.on("reviewed", (all) => {
    for (const { file } of all) {
      const unit = services.units.find(({ manifest }) => manifest.name === file.service);
      const words = `file ${file.id} in quarantine, with new signatures: ${laterWords(file.now ?? file)}`;
      unit?.log.add("atoll", "info", words);
    }
  });
  const close = (): void => {
    looks.end();
    watchedFolders.end();
  };
  return { scanner, quarantine, signatures, watchedFolders, close };
}
