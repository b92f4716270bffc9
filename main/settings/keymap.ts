/** The keyboard layout that guests get: the setting, else that of the X server, else that of the host's system. */
import { execFile } from "node:child_process";
import fsp from "node:fs/promises";
import { promisify } from "node:util";
import type { Keymap } from "../link/contract.ts";
import type { Settings } from "./settings.ts";

const DEFAULT: Keymap = { rules: "evdev", model: "pc105", layout: "us", variant: "", options: "" };

export async function hostKeymap(settings: Settings): Promise<Keymap> {
  if (settings.keyboard !== null) return { rules: "evdev", ...settings.keyboard };
  return (await xServerKeymap()) ?? (await machineKeymap()) ?? DEFAULT;
}

/** The root window's _XKB_RULES_NAMES, as setxkbmap and desktops set it. @see XKB protocol, appendix; xprop(1) */
async function xServerKeymap(): Promise<Keymap | null> {
  if (process.env["DISPLAY"] === undefined) return null;
  try {
    const { stdout } = await promisify(execFile)("xprop", ["-root", "_XKB_RULES_NAMES"], { timeout: 2000 });
    return parseRulesNames(stdout);
  } catch {
    return null; // no xprop, or no X server
  }
}

/** `_XKB_RULES_NAMES(STRING) = "evdev", "pc105", "de", "", ""` */
export function parseRulesNames(text: string): Keymap | null {
  const values = Array.from(text.matchAll(/"([A-Za-z0-9_,:()+-]*)"/g), ([, value]) => value ?? "");
  const [rules = "", model = "", layout = "", variant = "", options = ""] = values;
  // The X server may call the rules "base"; guests use the key codes of evdev.
  return layout === ""
    ? null
    : { rules: rules === "" || rules === "base" ? "evdev" : rules, model, layout, variant, options };
}

/** Debian's. @see keyboard(5) */
export const KEYBOARD_FILE = "/etc/default/keyboard";

async function machineKeymap(): Promise<Keymap | null> {
  return fsp.readFile(KEYBOARD_FILE, "utf8").then(parseKeyboardFile, () => null);
}

export function parseKeyboardFile(text: string): Keymap | null {
  const value = (name: string): string => new RegExp(`^${name}="?([A-Za-z0-9_,:()+-]*)"?`, "m").exec(text)?.[1] ?? "";
  const layout = value("XKBLAYOUT");
  if (layout === "") return null;
  return {
    rules: "evdev",
    model: value("XKBMODEL") || "pc105",
    layout,
    variant: value("XKBVARIANT"),
    options: value("XKBOPTIONS"),
  };
}
