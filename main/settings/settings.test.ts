import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findSettings, SettingsFile } from "./settings.ts";

let folder: string;
const folders = () => ({ config: folder, state: path.join(folder, "state") });
const file = (): string => path.join(folder, "settings.yaml");

beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-settings-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

async function load(text: string | null): Promise<SettingsFile> {
  if (text !== null) fs.writeFileSync(file(), text);
  const settings = new SettingsFile(folders());
  await settings.load();
  return settings;
}

describe("settings.yaml", () => {
  it("may be absent, or say a part only", async () => {
    expect((await load(null)).current).toMatchObject({ keyboard: null, onQuit: "ask" });
    const { current } = await load("keyboard: {layout: de}\n");
    expect(current.keyboard).toMatchObject({ layout: "de", model: "pc105" });
  });

  it("that was never of use means the defaults, and says where it is broken", async () => {
    const { current, problem } = await load("keyboard: {layout: de}\nonQuit: never\n");
    expect(current).toMatchObject({ keyboard: null, onQuit: "ask" });
    expect(problem).toMatchObject({ file: file(), line: 2, column: 9 });
    expect(problem?.reason).toContain("the defaults count");
  });

  it.each([
    ["at once", (settings: SettingsFile) => Promise.resolve(settings)],
    ["after a new start", () => Promise.resolve(new SettingsFile(folders()))],
  ])("that is broken undoes nothing of what was last of use, and says so: %s", async (_when, again) => {
    const good = "# mine\nkeyboard: {layout: de}\n";
    const settings = await again(await load(good));
    fs.writeFileSync(file(), "keyboard: {layout: fr}\nonQuit: never\n");
    await settings.load();
    expect(settings.current).toMatchObject({ keyboard: { layout: "de" }, onQuit: "ask" });
    expect(settings.problem).toMatchObject({ file: file(), line: 2, column: 9 });
    expect(settings.problem?.reason).toContain("the settings before it stay in force");
    await expect(settings.remember("onQuit", "keep")).rejects.toMatchObject({ code: "settings.broken" });
    fs.writeFileSync(file(), good);
    await settings.load();
    expect([settings.problem, settings.current.keyboard?.layout]).toEqual([null, "de"]);
  });

  it("that is gone means the defaults", async () => {
    const settings = await load("onQuit: keep\n");
    fs.rmSync(file());
    await settings.load();
    expect([settings.problem, settings.current.onQuit]).toEqual([null, "ask"]);
  });

  it("can be read before anything can be awaited", async () => {
    const read = () => findSettings(folders()).settings;
    expect(read()).toMatchObject({ graphics: "auto" });
    fs.writeFileSync(file(), "graphics: best\n");
    expect(read()).toMatchObject({ graphics: "auto" });
    await load("graphics: gpu\n");
    expect(read()).toMatchObject({ graphics: "gpu", onQuit: "ask" });
    fs.writeFileSync(file(), "graphics: best\n");
    expect(read()).toMatchObject({ graphics: "gpu" });
  });

  it("remembers a choice beside what a person wrote", async () => {
    const settings = await load("# mine\nkeyboard: {layout: de} # at home\n");
    await settings.remember("onQuit", "stop");
    expect(settings.current).toMatchObject({ onQuit: "stop", keyboard: { layout: "de" } });
    const text = fs.readFileSync(file(), "utf8");
    expect(text).toContain("# mine");
    expect(text).toContain("# at home");
    expect(fs.readdirSync(folder).toSorted()).toEqual(["settings.yaml", "state"]);
  });

  it("remembers choices that come together, each beside the others", async () => {
    const settings = await load("onQuit: never\n");
    await expect(settings.remember("theme", "dark")).rejects.toMatchObject({ code: "settings.broken" });
    fs.rmSync(file());
    await Promise.all([settings.remember("theme", "dark"), settings.remember("onQuit", "keep")]);
    expect(fs.readFileSync(file(), "utf8")).toBe("theme: dark\nonQuit: keep\n");
  });

  it("remembers a choice where there is no file yet", async () => {
    fs.rmdirSync(folder);
    const settings = await load(null);
    await settings.remember("onQuit", "keep");
    expect(fs.readFileSync(file(), "utf8")).toBe("onQuit: keep\n");
  });

  it("never writes over a file that it cannot read", async () => {
    const settings = await load("onQuit: never\n");
    await expect(settings.remember("onQuit", "keep")).rejects.toMatchObject({ code: "settings.broken" });
    expect(fs.readFileSync(file(), "utf8")).toBe("onQuit: never\n");
  });
});
