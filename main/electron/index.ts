/** Entry of the application: puts the parts together. Only this folder knows Electron. */
import { app, Menu, shell } from "electron";
import path from "node:path";
import { contract } from "#shared/ipc/index.ts";
import { toErrorValue } from "#shared/model/app-error.ts";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import { Application } from "../application.ts";
import { log, logDefect, logTo } from "../base/log.ts";
import { makePrivateFolder, type Paths, recipesFolder, resolvePaths } from "../base/paths.ts";
import { createClipboard } from "../clipboard/clipboard.ts";
import { sendClipboardEvents } from "../clipboard/events.ts";
import { readingLater } from "../clipboard/later-reading.ts";
import { clipReader } from "../clipboard/read-clip.ts";
import { doctor } from "../control/doctor.ts";
import { ControlServer } from "../control/server.ts";
import { raiseOther } from "../control/single-instance.ts";
import { LAUNCH_FILE, takeLaunchFile, writeLaunchFile } from "../control/launch/launch-file.ts";
import { letGo } from "../desktop/ending.ts";
import { Launches } from "../desktop/launches.ts";
import { DisposableSource } from "../disposables/disposable-source.ts";
import { Disposables } from "../disposables/disposables.ts";
import { Leftovers } from "../disposables/leftovers.ts";
import { SnapshotMaker } from "../disposables/snapshot-maker.ts";
import { freeMemoryMiB } from "../disposables/memory.ts";
import { Quitting } from "../desktop/quitting.ts";
import { Welcome } from "../desktop/welcome.ts";
import { Graphics } from "../graphics/graphics.ts";
import { Kiosks } from "../kiosks/kiosks.ts";
import { sendKioskEvents } from "../kiosks/requests.ts";
import { kioskTemplates } from "../kiosks/templates.ts";
import { ChosenFiles } from "../files/chosen-files.ts";
import { sendTransferEvents } from "../files/events.ts";
import { answerSending } from "../files/sending.ts";
import { Transfers } from "../files/transfers.ts";
import { TransfersFile } from "../files/transfers-file.ts";
import * as handlers from "../handlers.ts";
import { DesktopIcons } from "../icons/desktop-icons.ts";
import { sendIconEvents } from "../icons/events.ts";
import { GuestFolder } from "../icons/guest-folder.ts";
import { HostFolder } from "../icons/host-folder.ts";
import { RecentFiles, RecentFolder } from "../icons/recent-files.ts";
import { AuditLog } from "../audit/audit-log.ts";
import { Crossings } from "../crossings/crossings.ts";
import { sendCrossingEvents } from "../crossings/events.ts";
import { Drivers, registered } from "../hardware/drivers.ts";
import { EXTERNAL } from "../hardware/external/definition.ts";
import { ExternalDriver } from "../hardware/external/driver.ts";
import { QEMU } from "../hardware/qemu/definition.ts";
import { QemuDriver } from "../hardware/qemu/driver.ts";
import { qemuTemplates } from "../hardware/qemu/templates.ts";
import { Dispatcher, handlersOf } from "../ipc/dispatcher.ts";
import { Page } from "../ipc/page.ts";
import { guestNetwork } from "../networks/addresses.ts";
import { askingPrograms } from "../networks/asking-programs.ts";
import { type CreatedNetworks, createNetworks } from "../networks/create.ts";
import { LinkIndices } from "../networks/link-indices.ts";
import { sendNetworkEvents } from "../networks/events.ts";
import { HostNetworks } from "../networks/host-networks.ts";
import { ScanRules } from "../networks/scan-rules.ts";
import { Comparisons } from "../opener/comparisons.ts";
import { createOpener } from "../opener/create.ts";
import { KnownPrograms } from "../opener/known-programs.ts";
import { readGuestFile } from "../opener/guest-file.ts";
import { ItemOpener } from "../opener/item-opener.ts";
import { OpenRules } from "../opener/open-rules.ts";
import { templatePrograms } from "../opener/template-programs.ts";
import { Policy } from "../policy/policy.ts";
import { PolicyChanges } from "../policy/policy-changes.ts";
import { hasScannerOf } from "../policy/scanners.ts";
import { builtIns } from "../services/built-ins.ts";
import { auditScans } from "../scanning/audit-scans.ts";
import { createScanning, type Scanning } from "../scanning/create.ts";
import { answerScans } from "../scanning/guest-scans.ts";
import { sendQuarantineEvents } from "../scanning/quarantine-requests.ts";
import { sendSignatures } from "../scanning/signatures.ts";
import { sendFound } from "../scanning/watched-folders.ts";
import { SafeCopies } from "../safe-copies/safe-copies.ts";
import { ServiceCatalog } from "../services/catalog.ts";
import { actualRights } from "../services/actual-rights.ts";
import { IndexFile } from "../services/indexes/index-file.ts";
import { ServiceIndexes } from "../services/indexes/indexes.ts";
import { sendIndexEvents } from "../services/indexes/requests.ts";
import { sendServiceEvents } from "../services/requests.ts";
import { ServiceSource } from "../services/service-source.ts";
import { Services } from "../services/services.ts";
import { followKeymap, sendSettingsEvents } from "../settings/events.ts";
import { HostKeymap } from "../settings/host-keymap.ts";
import { PromptMarkFile } from "../settings/prompt-mark-file.ts";
import { SettingsFile } from "../settings/settings.ts";
import { sendTemplateEvents } from "../templates/events.ts";
import { VmRegistry } from "../vms/registry.ts";
import { sendVmEvents } from "../vms/requests.ts";
import { TemplateBuilds } from "../vms/template-builds.ts";
import { untilKnown } from "../vms/until-known.ts";
import { LastWindows } from "../windows/last-windows.ts";
import { PlacementsFile } from "../windows/placements-file.ts";
import { WindowCommands } from "../windows/window-commands.ts";
import { registerScheme, serveFolder } from "./app-protocol.ts";
import { DesktopWindow, primaryOutput } from "./desktop-window.ts";
import { restartsInSoftware } from "./graphics.ts";
import { serveIpc } from "./ipc-server.ts";
import { electronClipboard } from "./host-clipboard.ts";
import { hostLinkSpawner, linkSpawner } from "./link-spawner.ts";
import { PictureBoxes } from "./picture-box.ts";
import { startAgain, watchOwnProgram } from "./own-program.ts";
import { agentFolder, hostWarnings } from "./setup-result.ts";
import { handOver } from "./single-instance.ts";
import { limitCompilers } from "./page-compilers.ts";
import { electronTheme as theme } from "./theme.ts";

Menu.setApplicationMenu(null);
registerScheme();
limitCompilers();

const paths = ownFolders();
const graphics = new Graphics(paths, { electron: process.versions.electron });
// Compositing by SwiftShader on the processor shows 9 to 16 frames a second; without it Chromium draws faster.
if (graphics.choice.mode === "software") app.disableHardwareAcceleration();
logTo(paths.state);
// Electron's own way is a dialog for which all of main waits, guests' windows with it.
process.on("uncaughtException", (error) => logDefect("main", error));
process.on("unhandledRejection", (reason) => logDefect("main", reason));
app.setPath("userData", path.join(paths.state, "electron"));
const launches = new Launches();

if (handOver(takeLaunchFile(process.env), launches)) app.exit(0);
// Not awaited: Electron becomes ready only when this module has run.
else void start();

async function start(): Promise<void> {
  try {
    await app.whenReady();
    await run();
  } catch (error) {
    const shown = await raiseOther(error).then(
      () => error,
      (other: unknown) => other,
    );
    process.stderr.write(`atoll: ${toErrorValue(shown).message}\n`);
    app.exit(1);
  }
}

async function run(): Promise<void> {
  const linkIndices = new LinkIndices(paths.state);
  const catalog = new ServiceCatalog({
    builtIns: builtIns(agentFolder),
    stateFolder: paths.state,
    recipesFolder: recipesFolder(paths),
  });
  const templates = qemuTemplates({
    agentFolder,
    recipesFolder: recipesFolder(paths),
    services: catalog,
  });
  const drivers = new Drivers([
    registered(
      QEMU,
      new QemuDriver(paths, {
        ...templates,
        guestNetwork: async (vm) => guestNetwork(await linkIndices.indexOf(vm)),
      }),
    ),
    registered(EXTERNAL, new ExternalDriver()),
  ]);
  const registry = new VmRegistry(paths.config, drivers.types);
  let window: DesktopWindow | null = null;
  const settings = new SettingsFile(paths);
  await settings.load();
  theme.choose(settings.current.theme);
  const promptMark = new PromptMarkFile(paths.config, log);
  const keymap = await HostKeymap.read(settings);
  const hostNetworks = new HostNetworks();
  const policy = new Policy({
    configFolder: paths.config,
    stateFolder: paths.state,
    vms: () => application.parties,
    isNear: hostNetworks.isNear,
    addressesOf: (vm) => linkIndices.addressesOf(vm),
    hasScanner: hasScannerOf({ traffic: () => network.scanner.works, files: () => scanning.scanner.isThere }),
  });
  const policyChanges = new PolicyChanges(policy);
  const audit = new AuditLog({ stateFolder: paths.state });
  const openRules = new OpenRules(paths);
  const scanRules = new ScanRules(paths.config);
  const source = new DisposableSource();
  const serviceSource = new ServiceSource(paths.state, drivers);
  const builds = new TemplateBuilds(recipesFolder(paths));
  const application: Application = new Application({
    registry,
    sources: [source, serviceSource],
    files: () => [settings, policy, openRules, audit, services],
    drivers,
    openPolicy: () => policy.open(),
    spawnLink: linkSpawner(() => window?.contents ?? null),
    output: primaryOutput,
    keymap: () => keymap.current,
    log,
    buildTemplate: (name) => builds.build(name),
  });
  const services: Services = new Services({
    application,
    catalog,
    source: serviceSource,
    builds,
    configFolder: paths.config,
    stateFolder: paths.state,
    actualRights: ({ vm, usedRights }) =>
      actualRights({ vm, usedRights, vms: application.vms, linkOf: (id) => linkIndices.find(id) }),
    quarantined: (service) => scanning.quarantine.countIn(service),
    refusesRole: (service, role) => networks.refusesRole(service, role),
    prepare: (definition) => void snapshots.prepareFor(definition),
    unprepare: (definition) => drivers.named(definition.driver).unprepare(definition),
    applied: (service) => scanning.signatures.update(service),
  });
  const indexes = new ServiceIndexes({
    file: new IndexFile(paths.state),
    stateFolder: paths.state,
    recipesFolder: recipesFolder(paths),
    allowsUnsigned: () => settings.current.unsignedIndexes,
    nowMs: () => Date.now(),
  });
  const hostFiles = { spawn: hostLinkSpawner(), program: path.join(agentFolder(), "atoll-files") };
  const recent = new RecentFiles();
  const scanning: Scanning = createScanning({
    application,
    services,
    hostFiles,
    stateFolder: paths.state,
    crossings: () => crossings,
    transfers: () => transfers,
    recent,
  });
  const networks: CreatedNetworks = createNetworks({
    application,
    services,
    apart: () => kiosks.vmIds,
    policy,
    policyChanges,
    audit,
    hostNetworks,
    indices: linkIndices,
    scanRules,
    stateFolder: paths.state,
    programs: agentFolder,
    askingPrograms: async (id) => {
      const vm = application.vms.find((one) => one.id === id);
      return vm === undefined ? new Map() : askingPrograms(vm);
    },
  });
  const { network } = networks;
  await Promise.all([openRules.open(), audit.open(), services.load(), indexes.load(), scanRules.load()]);
  application.on("changed", () => policy.vmsChanged());
  followKeymap({ application, keymap });
  const page = new Page();
  const crossings: Crossings = new Crossings({ policy, changes: policyChanges, audit, page });
  networks.open();
  const commands = new WindowCommands(page);
  const placements = new PlacementsFile(paths.state);
  const lastWindows = new LastWindows({
    stateFolder: paths.state,
    vms: () => application.vms,
    isComplete: () => application.problems.length === 0,
  });
  void application.defined.then(() => application.on("changed", () => lastWindows.changed()));
  application.on("ending", () => lastWindows.flush());
  const transfers: Transfers = new Transfers({
    crossings,
    policy,
    host: hostFiles,
    file: new TransfersFile(paths.state),
    scanner: scanning.scanner,
    vm: (id) => application.vms.find((vm) => vm.id === id),
  });
  // Before any command that waits for the same.
  void application.defined.then(() => transfers.restore());
  const clipboard = createClipboard({
    application,
    policy,
    crossings,
    read: readingLater(clipReader(new PictureBoxes())),
    startTransfer: transfers.start,
    page,
    host: electronClipboard,
    settings,
  });
  const leftovers = new Leftovers(paths.state, drivers, (id) => linkIndices.release(id));
  const snapshots = new SnapshotMaker({ application, drivers, leftovers });
  const disposables = new Disposables({ application, drivers, source, leftovers, snapshots, freeMemoryMiB });
  const kiosks: Kiosks = new Kiosks({
    application,
    drivers,
    leftovers,
    disposables,
    snapshots,
    settings: () => settings.current.kiosks,
    templates: () => kioskTemplates(recipesFolder(paths)),
    buildTemplate: (name) => builds.build(name),
    freeMemoryMiB,
  });
  const comparisons = new Comparisons(readGuestFile);
  const knownPrograms = new KnownPrograms(paths.state);
  const opener = createOpener({
    application,
    programs: {
      known: knownPrograms,
      templates: () => templatePrograms(recipesFolder(paths)),
    },
    safeCopies: new SafeCopies({ services, host: hostFiles }),
    crossings,
    disposables,
    viewers: kiosks,
    page,
    policy,
    rules: openRules,
    startTransfer: transfers.start,
    comparisons,
    recent,
  });
  const hostFolder = (): HostFolder => new HostFolder(app.getPath("downloads"), (file) => shell.trashItem(file));
  const icons = new DesktopIcons({
    application,
    places: () => settings.current.desktopIcons,
    guestFolder: (vm) => new GuestFolder(vm),
    downloads: hostFolder,
    recent: (vm) => new RecentFolder(recent, vm?.id ?? null, vm === null ? hostFolder() : new GuestFolder(vm)),
  });
  const quitting = new Quitting({
    application,
    settings,
    page,
    end: () =>
      letGo({
        ...{ builds, kiosks, disposables, snapshots, icons, scanning, services, networks, application, server },
        ...{ forks: services.forks, keymap, knownPrograms, placements, lastWindows, audit },
      }),
    exit: (again) => {
      if (again) startAgain();
      app.exit(0);
    },
  });
  const chosenFiles = new ChosenFiles();
  const parts = {
    application,
    audit,
    builds,
    chosenFiles,
    clipboard,
    commands,
    comparisons,
    crossings,
    doctor: () => doctor(path.join(import.meta.dirname, "..")),
    hostNetworks,
    launches,
    linkIndices,
    network,
    disposables,
    hostFiles,
    icons,
    indexes,
    kiosks,
    lastWindows,
    opener,
    openRules,
    page,
    placements,
    promptMark,
    policy,
    policyChanges,
    quarantine: scanning.quarantine,
    quitting,
    recipesFolder: recipesFolder(paths),
    scanner: scanning.scanner,
    services,
    settings,
    signatures: scanning.signatures,
    theme,
    transfers,
    warnings: hostWarnings(),
    welcome: new Welcome({ stateFolder: paths.state, isFirstStart: registry.isNew, log }),
  };
  const dispatcher = Dispatcher.of(contract, handlersOf(handlers, parts));
  const server = await ControlServer.listen(paths, dispatcher, (method, untrustedInput) =>
    untilKnown(application, method, untrustedInput),
  );
  await promptMark.load();

  const handOn = (): NodeJS.ProcessEnv => {
    const items = launches.takeWaiting();
    return items.length === 0 ? {} : { [LAUNCH_FILE]: writeLaunchFile(paths, items) };
  };
  if (await restartsInSoftware(graphics, handOn)) {
    await server.close();
    app.exit(0);
    return;
  }
  serveFolder(path.join(import.meta.dirname, "../renderer"));
  const desktop = new DesktopWindow({ page, commands, theme: theme.state().shown });
  window = desktop;
  application.desktop = desktop;
  serveIpc(dispatcher, page, chosenFiles);
  sendVmEvents({ application, page });
  sendClipboardEvents({ application, clipboard, page, settings });
  sendNetworkEvents({ network, page });
  sendTransferEvents({ page, transfers });
  sendIconEvents({ application, icons, page, settings });
  sendServiceEvents({ page, services });
  sendIndexEvents({ indexes, page });
  sendQuarantineEvents({ page, quarantine: scanning.quarantine });
  sendFound({ page, watchedFolders: scanning.watchedFolders, quarantine: scanning.quarantine });
  auditScans({ audit, watchedFolders: scanning.watchedFolders, quarantine: scanning.quarantine });
  sendSignatures({ page, signatures: scanning.signatures });
  answerSending({ application, page, policy, transfers });
  answerScans({ application, hostFiles, page, scanner: scanning.scanner });
  watchOwnProgram(() => page.send("desktop.replaced", null));
  sendKioskEvents({ kiosks, page });
  sendCrossingEvents({ audit, page, policy, policyChanges });
  sendSettingsEvents({ application, page, promptMark, settings, theme });
  // The settings were read again.
  application.on("problemsChanged", () => kiosks.look());
  sendTemplateEvents({ builds, page });
  builds.on("built", (name, isTemplate) => {
    if (!isTemplate) return;
    void snapshots.prepare(name);
    kiosks.templateBuilt(name);
  });
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => void quitting.quit("keep"));
  desktop.onClosing(() => void quitting.closing());
  app.on("window-all-closed", () => undefined);

  const items = new ItemOpener({ opener, page });
  const toOpen = { raise: () => desktop.raise(), openAll: (list: readonly LaunchItem[]) => void items.open(list) };
  const opened = desktop.open().then(() => launches.desktopOpened(toOpen));
  await Promise.all([opened, application.open(), application.defined.then(() => services.open()), leftovers.clean()]);
  policy.vmsChanged();
  void snapshots.prepare(DEFAULT_TEMPLATE);
  kiosks.open();
}

/** What is thrown this early would end in a dialog of Electron's, which nobody sees in a script. */
function ownFolders(): Paths {
  try {
    const resolved = resolvePaths();
    makePrivateFolder(resolved.state);
    makePrivateFolder(resolved.run);
    return resolved;
  } catch (error) {
    process.stderr.write(`atoll: ${toErrorValue(error).message}\n`);
    process.exit(1);
  }
}
