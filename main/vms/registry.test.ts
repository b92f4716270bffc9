import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newDefinition } from "./definition.ts";
import { VmRegistry } from "./registry.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-registry-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function file(name: string): string {
  return path.join(folder, "vms", name);
}

describe("VmRegistry", () => {
  it("knows the first start", async () => {
    const registry = new VmRegistry(folder);
    expect(await registry.load()).toBe(true);
    await registry.add(newDefinition("home", "lagoon", "debian"));
    expect(await new VmRegistry(folder).load()).toBe(false);
  });

  it("loses nothing but the file that is broken", async () => {
    const registry = new VmRegistry(folder);
    await registry.add(newDefinition("home", "lagoon", "debian"));
    fs.writeFileSync(file("broken.yaml"), "label: [");
    const again = new VmRegistry(folder);
    await again.load();
    expect(again.all.map(({ name }) => name)).toEqual(["home"]);
    expect(again.broken).toMatchObject([
      { code: "vm.bad-definition", details: { file: file("broken.yaml"), line: 1 } },
    ]);
  });

  it("refuses a second VM of a name, and never overwrites a file", async () => {
    const registry = new VmRegistry(folder);
    await registry.add(newDefinition("home", "lagoon", "debian"));
    await expect(registry.add(newDefinition("home", "rose", "debian"))).rejects.toMatchObject({
      code: "vm.name-taken",
    });
    fs.writeFileSync(file("mine.yaml"), "# my notes");
    await expect(registry.add(newDefinition("mine", "rose", "debian"))).rejects.toMatchObject({
      code: "vm.name-taken",
    });
    expect(fs.readFileSync(file("mine.yaml"), "utf8")).toBe("# my notes");
  });

  it("refuses two files with one id", async () => {
    const registry = new VmRegistry(folder);
    await registry.add(newDefinition("home", "lagoon", "debian"));
    fs.copyFileSync(file("home.yaml"), file("twin.yaml"));
    const again = new VmRegistry(folder);
    await again.load();
    expect(again.all).toHaveLength(1);
    expect(again.broken[0]?.message).toContain('"home" has the same');
  });

  it("removes a definition with its file", async () => {
    const registry = new VmRegistry(folder);
    const definition = newDefinition("home", "lagoon", "debian");
    await registry.add(definition);
    await registry.remove(definition.id);
    expect(fs.existsSync(file("home.yaml"))).toBe(false);
    expect(registry.all).toEqual([]);
  });
});
