/** Entry of the application: puts the parts together. Only this folder knows Electron. */
import { app, Menu, shell } from "electron";
import path from "node:path";
import { contract } from "#shared/ipc/index.ts";
import { toErrorValue } from "#shared/model/app-error.ts";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import { DEFAULT_TEMPLATE } from "#shared/model/vm.ts";
import { Application } from "../application.ts";
import { log, logTo } from "../base/log.ts";
import { makePrivateFolder, type Paths, recipesFolder, resolvePaths } from "../base/paths.ts";
import { createClipboard } from "../clipboard/clipboard.ts";
import { sendClipboardEvents } from "../clipboard/events.ts";
import { readingLater } from "../clipboard/later-reading.ts";
import { clipReader } from "../clipboard/read-clip.ts";
import { doctor } from "../control/doctor.ts";
import { ControlServer } from "../control/server.ts";
import { raiseOther } from "../control/single-instance.ts";
import { takeLaunchFile } from "../control/launch/launch-file.ts";
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
import { narrowedByCallers } from "../networks/caller-networks.ts";
import { LinkIndices } from "../networks/link-indices.ts";
import { sendNetworkEvents } from "../networks/events.ts";
import { HostNetworks } from "../networks/host-networks.ts";
import { FIREWALL_SERVICE, Network } from "../networks/network.ts";
import { Networks } from "../networks/networks.ts";
import { relayStarter } from "../networks/relay.ts";
import { ScanRules } from "../networks/scan-rules.ts";
import { ServiceFilter } from "../networks/service-filter.ts";
import { goesByService, type ServedVm, ServiceNetworks } from "../networks/service-networks.ts";
import { passtCommand } from "../networks/uplink.ts";
import { Comparisons } from "../opener/comparisons.ts";
import { createOpener } from "../opener/create.ts";
import { readGuestFile } from "../opener/guest-file.ts";
import { ItemOpener } from "../opener/item-opener.ts";
import { OpenRules } from "../opener/open-rules.ts";
import { Policy } from "../policy/policy.ts";
import { PolicyChanges } from "../policy/policy-changes.ts";
import { hasScannerOf } from "../policy/scanners.ts";
import { builtIns } from "../services/built-ins.ts";
import { enginesOf } from "../scanning/engine.ts";
import { Quarantine } from "../scanning/quarantine.ts";
import { QuarantineFile } from "../scanning/quarantine-file.ts";
import { sendQuarantineEvents } from "../scanning/quarantine-requests.ts";
import { scanPath } from "../scanning/scan-path.ts";
import { Scanner } from "../scanning/scanner.ts";
import { carryFolder } from "../scanning/carry.ts";
import { scanAgain } from "../scanning/rescan.ts";
import { sendSignatures, Signatures } from "../scanning/signatures.ts";
import { SignaturesFile } from "../scanning/signatures-file.ts";
import { ANTIVIRUS_SERVICE, sendFound, WatchedFolders } from "../scanning/watched-folders.ts";
import { SafeCopies } from "../safe-copies/safe-copies.ts";
import { ServiceCatalog } from "../services/catalog.ts";
import { heldBy } from "../services/held.ts";
import { IndexFile } from "../services/indexes/index-file.ts";
import { ServiceIndexes } from "../services/indexes/indexes.ts";
import { sendIndexEvents } from "../services/indexes/requests.ts";
import { sendServiceEvents } from "../services/requests.ts";
import { ServiceSource } from "../services/service-source.ts";
import { Services } from "../services/services.ts";
import { sendSettingsEvents } from "../settings/events.ts";
import { HostKeymap } from "../settings/host-keymap.ts";
import { PromptMarkFile } from "../settings/prompt-mark-file.ts";
import { SettingsFile } from "../settings/settings.ts";
import { sendTemplateEvents } from "../templates/events.ts";
import { VmRegistry } from "../vms/registry.ts";
import { sendVmEvents } from "../vms/requests.ts";
import { TemplateBuilds } from "../vms/template-builds.ts";
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
import { agentFolder, hostWarnings } from "./setup-result.ts";
import { handOver } from "./single-instance.ts";
import { electronTheme as theme } from "./theme.ts";

Menu.setApplicationMenu(null);
registerScheme();

const paths = ownFolders();
const graphics = new Graphics(paths);
// Compositing by SwiftShader on the processor shows 9 to 16 frames a second; without it Chromium draws faster.
if (graphics.choice.mode === "software") app.disableHardwareAcceleration();
logTo(paths.state);
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
  const templates = qemuTemplates({ agentFolder, recipesFolder: recipesFolder(paths), services: catalog });
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
  const settings = new SettingsFile(paths.config);
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
    hasScanner: hasScannerOf({ traffic: () => network.scanner.works, files: () => scanner.isThere }),
  });
  const policyChanges = new PolicyChanges(policy);
  const audit = new AuditLog({ stateFolder: paths.state });
  const openRules = new OpenRules(paths.config);
  const scanRules = new ScanRules(paths.config);
  const source = new DisposableSource();
  const serviceSource = new ServiceSource(paths.state, drivers);
  const builds = new TemplateBuilds(recipesFolder(paths));
  const application: Application = new Application({
    registry,
    sources: [source, serviceSource],
    files: () => [settings, policy, openRules, audit, services],
    drivers,
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
    held: ({ vm, told }) => heldBy({ vm, told, vms: application.vms, linkOf: (id) => linkIndices.find(id) }),
    quarantined: (service) =>
      quarantine.files.filter((file) => file.service === service && file.state !== "gone").length,
    refusesRole: (service, role) => serviceNetworks.refusesRole(service, role),
    prepare: (definition) => void snapshots.prepareFor(definition),
    unprepare: (definition) => drivers.named(definition.driver).unprepare(definition),
    applied: (service) => signatures.update(service),
  });
  const indexes = new ServiceIndexes({
    file: new IndexFile(paths.state),
    stateFolder: paths.state,
    recipesFolder: recipesFolder(paths),
    allowsUnsigned: () => settings.current.unsignedIndexes,
    nowMs: () => Date.now(),
  });
  const engines = enginesOf(services);
  const quarantine: Quarantine = new Quarantine({
    file: new QuarantineFile(paths.state),
    engines,
    crossings: () => crossings,
    startTransfer: (request, options) => transfers.start(request, options),
    vm: (id) => application.vms.find((vm) => vm.id === id),
  });
  services.on("changed", () => quarantine.look());
  const scanner: Scanner = new Scanner(engines, quarantine);
  const signatures: Signatures = new Signatures({
    services,
    released: (vm) => scanner.released(vm),
    carry: carryFolder,
    file: new SignaturesFile(paths.state),
  });
  services.on("changed", () => signatures.look());
  const network: Network = new Network({
    firewall: () => {
      const unit = services.unit(FIREWALL_SERVICE);
      return { vm: unit.vm, program: unit.by("network-rules"), start: () => unit.start() };
    },
    policy,
    policyChanges,
    audit,
    vms: () => application.parties,
    hostNetworks,
    stateFolder: paths.state,
    dns: () => services.listOf(FIREWALL_SERVICE, "dns"),
    privateAnswers: () => services.listOf(FIREWALL_SERVICE, "privateAnswers"),
    asks: () => services.listOf(FIREWALL_SERVICE, "ask"),
    scans: () => services.listOf(FIREWALL_SERVICE, "scan"),
    scanRules,
  });
  await Promise.all([policy.open(), openRules.open(), audit.open(), services.load(), indexes.load(), scanRules.load()]);
  application.on("changed", () => policy.vmsChanged());
  const unwatchKeymap = keymap.watch();
  hostNetworks.watch();
  scanRules.watch();
  const page = new Page();
  const crossings: Crossings = new Crossings({ policy, changes: policyChanges, audit, page });
  services.on("changed", () => network.vmsChanged([]));
  application.on("changed", () => network.vmsChanged(application.vms.flatMap((vm) => (vm.isOn ? [] : [vm.id]))));
  const linkParts = {
    known: () => [...application.vms.map(({ id }) => id), ...kiosks.vmIds],
    indices: linkIndices,
    startRelay: relayStarter(() => path.join(agentFolder(), "atoll-relay")),
    uplinkCommand: passtCommand,
    log,
  };
  const networkedVms = (): readonly ServedVm[] => narrowedByCallers(() => application.vms);
  const networks = new Networks({
    ...linkParts,
    vms: () => networkedVms().filter((vm) => !goesByService(vm)),
    filter: network.filter,
  });
  const serviceNetworks = new ServiceNetworks({
    vms: networkedVms,
    serves: (service) => (service === FIREWALL_SERVICE ? null : services.rolesServedBy(service)),
    make: (name, vms) => {
      const unit = services.unit(name);
      const start = (): Promise<void> => unit.start();
      const filter = new ServiceFilter({ name, vm: unit.vm, program: unit.by("serves"), start });
      return new Networks({ ...linkParts, vms, filter, filterName: `service "${name}"`, filterHasUplink: false });
    },
  });
  application.on("changed", () => {
    networks.look();
    serviceNetworks.look();
  });
  services.on("changed", () => serviceNetworks.look());
  const commands = new WindowCommands(page);
  const placements = new PlacementsFile(paths.state);
  const lastWindows = new LastWindows({
    stateFolder: paths.state,
    vms: () => application.vms,
    isComplete: () => application.problems.length === 0,
  });
  void application.defined.then(() => application.on("changed", () => lastWindows.changed()));
  application.on("ending", () => lastWindows.flush());
  const hostFiles = { spawn: hostLinkSpawner(), program: path.join(agentFolder(), "atoll-files") };
  const transfers: Transfers = new Transfers({
    crossings,
    host: hostFiles,
    file: new TransfersFile(paths.state),
    scanner,
    vm: (id) => application.vms.find((vm) => vm.id === id),
  });
  const clipboard = createClipboard({
    application,
    policy,
    crossings,
    read: readingLater(clipReader(new PictureBoxes())),
    startTransfer: transfers.start,
    host: electronClipboard,
    settings,
  });
  const leftovers = new Leftovers(paths.state, drivers);
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
  const recent = new RecentFiles();
  const comparisons = new Comparisons(readGuestFile);
  const opener = createOpener({
    application,
    safeCopies: new SafeCopies({ services, host: hostFiles }),
    crossings,
    disposables,
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
  const watchedFolders = new WatchedFolders({
    application,
    scanner,
    places: () => services.listOf(ANTIVIRUS_SERVICE, "watched"),
    scan: (vm, file, signal) => scanPath(scanner, hostFiles, { party: { kind: "vm", vm }, path: file }, { signal }),
  });
  services.on("changed", () => watchedFolders.follow());
  application.on("changed", () => watchedFolders.follow());
  signatures.on("switched", () => {
    void scanAgain({
      application,
      opened: (vm) => recent.of(vm).map(({ path: file }) => file),
      watched: watchedFolders,
      scan: (vm, file, signal) => scanPath(scanner, hostFiles, { party: { kind: "vm", vm }, path: file }, { signal }),
      found: (vm, file) => watchedFolders.emit("found", vm, file),
    });
  });
  const quitting = new Quitting({
    application,
    settings,
    page,
    end: async () => {
      await Promise.all([builds.cancelAll(), kiosks.close(), disposables.close(), snapshots.close()]);
      unwatchKeymap();
      icons.end();
      watchedFolders.end();
      services.close();
      networks.close();
      serviceNetworks.close();
      application.release();
      await Promise.all([server.close(), network.close()]);
      placements.flush();
      lastWindows.flush();
      await audit.close();
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
    quarantine,
    quitting,
    recipesFolder: recipesFolder(paths),
    scanner,
    services,
    settings,
    signatures,
    theme,
    transfers,
    warnings: hostWarnings(),
    welcome: new Welcome({ stateFolder: paths.state, isFirstStart: registry.isNew, log }),
  };
  const dispatcher = Dispatcher.of(contract, handlersOf(handlers, parts));
  const server = await ControlServer.listen(paths, dispatcher);
  await promptMark.load();

  if (await restartsInSoftware(graphics)) {
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
  sendQuarantineEvents({ page, quarantine });
  sendFound({ page, watchedFolders });
  sendSignatures({ page, signatures });
  answerSending({ application, page, policy, transfers });
  sendKioskEvents({ kiosks, page });
  sendCrossingEvents({ audit, page, policy, policyChanges });
  sendSettingsEvents({ application, page, promptMark, settings, theme });
  keymap.on("changed", () => application.vms.forEach((vm) => vm.keymapChanged()));
  // The settings were read again.
  application.on("problemsChanged", () => {
    keymap.refresh();
    kiosks.look();
  });
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
  await Promise.all([
    opened,
    application.open().then(() => transfers.restore()),
    application.defined.then(() => services.open()),
    leftovers.clean(),
  ]);
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
