/** Entry of the application: puts the parts together. Only this folder knows Electron. */
import { app, Menu, nativeTheme } from "electron";
import path from "node:path";
import { toErrorValue } from "#shared/model/app-error.ts";
import { Atoll } from "../atoll.ts";
import { log, logTo } from "../base/log.ts";
import { makePrivateFolder, type Paths, recipesFolder, resolvePaths } from "../base/paths.ts";
import { ControlServer } from "../control/server.ts";
import { raiseOther } from "../control/single-instance.ts";
import { templateViews } from "../control/template-views.ts";
import { Drivers, registered } from "../hardware/drivers.ts";
import { EXTERNAL } from "../hardware/external/definition.ts";
import { ExternalDriver } from "../hardware/external/driver.ts";
import { QEMU } from "../hardware/qemu/definition.ts";
import { QemuDriver } from "../hardware/qemu/driver.ts";
import { qemuTemplates } from "../hardware/qemu/templates.ts";
import { hostKeymap } from "../settings/keymap.ts";
import { SettingsFile } from "../settings/settings.ts";
import { VmRegistry } from "../vms/registry.ts";
import { TemplateBuilds } from "../vms/template-builds.ts";
import { registerScheme, serveFolder } from "./app-protocol.ts";
import { DesktopWindow, primaryOutput, themeState } from "./desktop-window.ts";
import { serveIpc } from "./ipc-server.ts";
import { linkSpawner } from "./link-spawner.ts";
import { Quitting } from "./quitting.ts";
import { agentFolder } from "./setup-result.ts";
import { PlacementsFile } from "../windows/placements-file.ts";

// Without a GPU, compositing on the processor by SwiftShader makes everything 9-16 fps; plain raster is faster (facts: frame path).
app.disableHardwareAcceleration();
Menu.setApplicationMenu(null);
registerScheme();

const paths = ownFolders();
logTo(paths.state);
app.setPath("userData", path.join(paths.state, "electron"));

// Not awaited: Electron becomes ready only when this module has run.
app
  .whenReady()
  .then(run)
  .catch(async (error: unknown) => {
    const told = await raiseOther(error).then(
      () => error,
      (other: unknown) => other,
    );
    process.stderr.write(`atoll: ${toErrorValue(told).message}\n`);
    app.exit(1);
  });

async function run(): Promise<void> {
  const drivers = new Drivers([
    registered(QEMU, new QemuDriver(paths, qemuTemplates({ agentFolder, recipesFolder: recipesFolder(paths) }))),
    registered(EXTERNAL, new ExternalDriver()),
  ]);
  const registry = new VmRegistry(paths.config, drivers.types);
  let desktop: DesktopWindow | null = null;
  const settings = new SettingsFile(paths.config);
  await settings.load();
  nativeTheme.themeSource = settings.current.theme;
  const keymap = await hostKeymap(settings.current);
  const atoll = new Atoll({
    registry,
    settings,
    drivers,
    spawnLink: linkSpawner(() => desktop?.contents ?? null),
    output: primaryOutput,
    keymap: () => keymap,
    log,
  });
  const builds = new TemplateBuilds(recipesFolder(paths));
  const quitting = new Quitting({
    atoll,
    settings,
    end: async () => {
      await builds.cancelAll();
      atoll.release();
      await server.close();
      app.exit(0);
    },
  });
  const server = await ControlServer.listen(paths, {
    atoll,
    stopVms: () => quitting.stopVms(),
    quit: () => void quitting.quit("keep"),
  });

  const placements = new PlacementsFile(paths.state);
  serveFolder(path.join(import.meta.dirname, "../renderer"));
  const window = new DesktopWindow();
  desktop = window;
  atoll.desktop = window;
  serveIpc(
    {
      "desktop.attach": () => {
        window.attached();
        atoll.windowsShown(null);
        // After the answer, so that the page knows the VMs whose ports come.
        setImmediate(() => atoll.vms.forEach((vm) => vm.attachPage()));
        return {
          vms: atoll.statuses,
          problems: atoll.problems,
          theme: themeState(),
          placements: placements.current,
        };
      },
      "desktop.control": ({ action }) => {
        window.control(action);
        return null;
      },
      "desktop.quit": ({ vms, remember }) => {
        void quitting.chosen(vms, remember);
        return null;
      },
      "theme.choose": async ({ choice }) => {
        nativeTheme.themeSource = choice;
        return done(settings.remember("theme", choice));
      },
      "vm.start": async ({ vm }) => done(atoll.vm(vm).start()),
      "vm.stop": async ({ vm }) => done(atoll.vm(vm).stop()),
      "vm.kill": async ({ vm }) => done(atoll.vm(vm).kill()),
      "vm.pause": async ({ vm }) => done(atoll.vm(vm).pause()),
      "vm.resume": async ({ vm }) => done(atoll.vm(vm).resume()),
      "template.list": async () => (await templateViews(recipesFolder(paths))).templates,
      "template.build": async ({ name }) => done(builds.build(name)),
      "template.cancel": ({ name }) => {
        builds.cancel(name);
        return null;
      },
      "app.list": ({ vm }) => atoll.apps(vm),
      "app.run": ({ vm, appId }) => atoll.run(vm, { appId, files: [] }, null),
    },
    {
      "layout.report": (layout) => {
        window.reportLayout(layout);
        atoll.windowsShown(layout.windows);
      },
      "placements.report": (told) => placements.keep(told),
      "wm.answer": (answer) => window.answered(answer),
      "window.dismissed": ({ window: id }) => {
        const { vm, surface } = atoll.window(id);
        if (vm.windows.isFrozen) vm.dismiss(surface);
      },
      "quit.shown": () => quitting.promptShown(),
    },
  );
  let isTold = true;
  atoll.on("changed", () => {
    if (!isTold) return;
    isTold = false;
    setImmediate(() => {
      isTold = true;
      window.send("vm.changed", atoll.statuses);
    });
  });
  builds.on("progress", (progress) => window.send("template.progress", progress));
  atoll.on("problemsChanged", () => {
    window.send("problems.changed", atoll.problems);
    // The settings were read again, too.
    nativeTheme.themeSource = settings.current.theme;
    window.send("theme.changed", themeState());
  });
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, () => void quitting.quit("keep"));
  window.onClosing(() => void quitting.closing(window));
  app.on("window-all-closed", () => undefined);

  await Promise.all([window.open(), atoll.open()]);
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

async function done(action: Promise<unknown>): Promise<null> {
  await action;
  return null;
}
