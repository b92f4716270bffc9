import { expect, it } from "vitest";
import type { Keymap } from "../link/contract.ts";
import { HostKeymap } from "./host-keymap.ts";
import type { SettingsFile } from "./settings.ts";

it("the keyboard layout is told when the setting has changed, and only then", async () => {
  const settings = { current: { keyboard: { layout: "de" } } };
  const keymap = await HostKeymap.read(settings as unknown as SettingsFile);
  expect(keymap.current).toMatchObject({ layout: "de" });
  const heard: Keymap[] = [];
  keymap.on("changed", (changed) => void heard.push(changed));
  const changed = new Promise((resolve) => keymap.on("changed", resolve));
  keymap.refresh();
  settings.current = { keyboard: { layout: "fr" } };
  keymap.refresh();
  await changed;
  keymap.refresh();
  expect(heard).toMatchObject([{ layout: "fr" }]);
  expect(keymap.current).toBe(heard[0]);
});
