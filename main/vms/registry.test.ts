import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VmRegistry } from "./registry.ts";
import { scriptedDefinition, scriptedType } from "./testing/scripted-vm.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-registry-"));
});
afterEach(() => {
  vi.useRealTimers();
  fs.rmSync(folder, { recursive: true });
});

function file(name: string): string {
  return path.join(folder, "vms", name);
}

describe("VmRegistry", () => {
  it("knows the first start, and begins with all its VMs", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    expect(await registry.load()).toBe(true);
    await registry.begin([scriptedDefinition("home", "lagoon"), scriptedDefinition("web", "coral")]);
    const again = new VmRegistry(folder, [scriptedType()]);
    expect(await again.load()).toBe(false);
    expect(again.all).toEqual(registry.all);
    expect(again.all).toHaveLength(2);
    expect(fs.readdirSync(folder)).toEqual(["vms"]);
  });

  it("is at its first start again after one that could not write all of them, or was interrupted", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    const broken = { ...scriptedDefinition("web", "coral"), name: "no/where" };
    await expect(registry.begin([scriptedDefinition("home", "lagoon"), broken])).rejects.toMatchObject({
      code: "file.write-failed",
    });
    expect(await registry.load()).toBe(true);
    fs.mkdirSync(path.join(folder, ".vms.partial"));
    fs.writeFileSync(path.join(folder, ".vms.partial/home.yaml"), "id: 1");
    await registry.begin([scriptedDefinition("web", "coral")]);
    expect(fs.readdirSync(file("."))).toEqual(["web.yaml"]);
  });

  it("loses nothing but the file that is broken", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    fs.writeFileSync(file("broken.yaml"), "label: [");
    const again = new VmRegistry(folder, [scriptedType()]);
    await again.load();
    expect(again.all.map(({ name }) => name)).toEqual(["home"]);
    expect(again.problems).toMatchObject([{ file: file("broken.yaml"), line: 1 }]);
    expect(again.problemOf("broken")).toBe(again.problems[0]);
    expect(again.problemOf("home")).toBeUndefined();
  });

  it("refuses a second VM of a name, and never overwrites a file", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    await expect(registry.add(scriptedDefinition("home", "rose"))).rejects.toMatchObject({
      code: "vm.name-taken",
    });
    fs.writeFileSync(file("mine.yaml"), "# my notes");
    await expect(registry.add(scriptedDefinition("mine", "rose"))).rejects.toMatchObject({
      code: "vm.name-taken",
    });
    expect(fs.readFileSync(file("mine.yaml"), "utf8")).toBe("# my notes");
  });

  it("refuses a copy that has the id of a VM that is known", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const [home] = registry.all;
    fs.copyFileSync(file("home.yaml"), file("banking.yaml"));
    for (let read = 0; read < 2; read += 1) {
      await registry.load();
      expect(registry.all).toEqual([home]);
      expect(registry.problems).toMatchObject([{ file: file("banking.yaml") }]);
      expect(registry.problems[0]?.reason).toContain('"home" has the same');
    }
    // Renamed it is the same VM.
    fs.rmSync(file("home.yaml"));
    await registry.load();
    expect(registry.all).toEqual([{ ...home, name: "banking" }]);
  });

  it("gives a VM to neither of two files with its id when it knows none of them", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    await registry.add(scriptedDefinition("web", "coral"));
    fs.copyFileSync(file("home.yaml"), file("banking.yaml"));
    const again = new VmRegistry(folder, [scriptedType()]);
    await again.load();
    expect(again.all.map(({ name }) => name)).toEqual(["web"]);
    expect(again.problemOf("home")?.reason).toContain('"banking" has the same');
    expect(again.problemOf("banking")?.reason).toContain('"home" has the same');
    fs.rmSync(file("banking.yaml"));
    await again.load();
    expect(again.all.map(({ name }) => name)).toEqual(["home", "web"]);
  });

  it("refuses a file whose id begins as that of a VM that is known: their windows would have the same ids", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const [home] = registry.all;
    const text = fs.readFileSync(file("home.yaml"), "utf8");
    fs.writeFileSync(file("banking.yaml"), text.replace(/(id: [0-9a-f]{8})-.*/, "$1-aaaa-4aaa-8aaa-aaaaaaaaaaaa"));
    await registry.load();
    expect(registry.all).toEqual([home]);
    expect(registry.problemOf("banking")?.reason).toContain('"home" has the same one, or one that begins alike');
  });

  it("keeps the definition of a VM whose file a person breaks, until it is fixed", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const good = fs.readFileSync(file("home.yaml"), "utf8");
    fs.writeFileSync(file("home.yaml"), good.replace("lagoon", "pink"));
    await registry.load();
    expect(registry.find("home")).toMatchObject({ label: "lagoon" });
    expect(registry.problems).toMatchObject([{ file: file("home.yaml"), line: 3 }]);
    fs.writeFileSync(file("home.yaml"), good.replace("lagoon", "rose"));
    await registry.load();
    expect(registry.find("home")).toMatchObject({ label: "rose" });
    expect(registry.problems).toEqual([]);
  });

  it("reports when a person has edited, added or removed a file", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    let onChange: () => void = () => undefined;
    const end = await registry.watch(() => onChange());
    const change = (act: () => void): Promise<void> =>
      new Promise((resolve) => {
        onChange = resolve;
        act();
      });
    await change(() => fs.writeFileSync(file("new.yaml"), "label: ["));
    expect(registry.problems).toHaveLength(1);
    await change(() => fs.rmSync(file("home.yaml")));
    expect(registry.find("home")).toBeDefined();
    // It stays away.
    await vi.waitFor(() => expect(registry.all).toEqual([]), { timeout: 60_000 });
    end();
  });

  it("keeps a VM whose file is gone for a moment, as while an editor or a tool writes it anew, and the whole folder too", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const home = registry.find("home");
    const text = fs.readFileSync(file("home.yaml"), "utf8");
    const after = async (ms: number): Promise<unknown> => {
      vi.advanceTimersByTime(ms);
      await registry.load();
      return registry.find("home");
    };
    for (const remove of [() => fs.rmSync(file("home.yaml")), () => fs.rmSync(file("."), { recursive: true })]) {
      remove();
      expect(await after(0)).toEqual(home);
      expect(await after(499)).toEqual(home);
      fs.mkdirSync(file("."), { recursive: true });
      fs.writeFileSync(file("home.yaml"), text);
      expect(await after(1)).toEqual(home);
      expect(registry.problems).toEqual([]);
    }
    fs.rmSync(file("home.yaml"));
    expect(await after(5_000)).toEqual(home);
    expect(await after(500)).toBeUndefined();
  });

  it("changes fields of a file, and keeps what a person has written around them", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const { id } = registry.find("home") ?? expect.unreachable();
    fs.appendFileSync(file("home.yaml"), "# mine\n");
    await registry.change(id, { label: "coral", role: "vault" });
    expect(registry.find("home")).toMatchObject({ id, label: "coral", role: "vault" });
    expect(fs.readFileSync(file("home.yaml"), "utf8")).toMatch(/label: coral\n[^]*role: vault\n[^]*# mine\n/);
    const again = new VmRegistry(folder, [scriptedType()]);
    await again.load();
    expect(again.find("home")).toEqual(registry.find("home"));
  });

  it("leaves a file as it is that would not hold, or is broken", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    await registry.add(scriptedDefinition("home", "lagoon"));
    const { id } = registry.find("home") ?? expect.unreachable();
    const before = fs.readFileSync(file("home.yaml"), "utf8");
    await expect(registry.change(id, { role: "king" })).rejects.toMatchObject({ code: "vm.bad-definition" });
    expect(fs.readFileSync(file("home.yaml"), "utf8")).toBe(before);
    fs.writeFileSync(file("home.yaml"), "label: 1");
    await expect(registry.change(id, { role: "vault" })).rejects.toMatchObject({ code: "vm.bad-definition" });
    expect(registry.find("home")?.role).toBeUndefined();
  });

  it("removes a definition with its file", async () => {
    const registry = new VmRegistry(folder, [scriptedType()]);
    const definition = scriptedDefinition("home", "lagoon");
    await registry.add(definition);
    await registry.remove(definition.id);
    expect(fs.existsSync(file("home.yaml"))).toBe(false);
    expect(registry.all).toEqual([]);
  });
});
