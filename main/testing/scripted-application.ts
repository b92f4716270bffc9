/** An application whose VMs are scripted, with its files in a folder of its own. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LabelName } from "#shared/model/label.ts";
import { Application } from "../application.ts";
import type { Driver, MachineDefinition } from "../hardware/driver.ts";
import { SettingsFile } from "../settings/settings.ts";
import { VmRegistry } from "../vms/registry.ts";
import {
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
} from "../vms/testing/scripted-vm.ts";

interface ScriptedApplication {
  /** Not opened. */
  application: Application;
  /** Of the VMs, in the order in which they were started. */
  links: ScriptedLink[];
  settings: SettingsFile;
  /** Where its files are. */
  folder: string;
  /** Releases the application and removes its files. */
  end: () => void;
}

interface ScriptedOptions {
  vms?: Readonly<Record<string, LabelName>>;
  driver?: Driver<MachineDefinition>;
  external?: Driver<MachineDefinition>;
}

export async function scriptedApplication({
  vms = { home: "lagoon" },
  driver = { ...scriptedDriver(new ScriptedMachine()), start: () => Promise.resolve(new ScriptedMachine()) },
  external,
}: ScriptedOptions = {}): Promise<ScriptedApplication> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-"));
  const registry = new VmRegistry(folder, [scriptedType(), ...(external ? [scriptedType("external")] : [])]);
  for (const [name, label] of Object.entries(vms)) await registry.add(scriptedDefinition(name, label));
  const links: ScriptedLink[] = [];
  const settings = new SettingsFile({ config: folder, state: folder });
  const application = new Application({
    ...scriptedContext(links),
    registry,
    files: () => [settings],
    drivers: scriptedDrivers(driver, external ? { external } : {}),
  });
  const end = (): void => {
    application.release();
    fs.rmSync(folder, { recursive: true });
  };
  return { application, links, settings, folder, end };
}
