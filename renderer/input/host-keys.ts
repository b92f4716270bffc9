/** The host's own keyboard shortcuts, whatever has focus: a guest neither receives nor can produce them. Pure. */

export type HostModifier = "Meta" | "Alt";

/** A key pressed together with Super or Alt, taken by the host. */
export interface HostShortcut {
  modifier: HostModifier;
  /** As in KeyboardEvent. */
  code: string;
  isShift: boolean;
}

/** The keys that the host takes together with Alt; all others with Alt go to the program. */
const WITH_ALT: ReadonlySet<string> = new Set(["Tab", "F4", "Space"]);

export type KeyFacts = Pick<KeyboardEvent, "code" | "key" | "metaKey" | "altKey" | "ctrlKey" | "shiftKey">;

/** The host's shortcut that a key press is; null: it is the guest's key. Every key pressed with Super is the host's. */
export function hostShortcutOf({ code, metaKey, altKey, ctrlKey, shiftKey }: KeyFacts): HostShortcut | null {
  if (metaKey) return { modifier: "Meta", code, isShift: shiftKey };
  if (altKey && !ctrlKey && WITH_ALT.has(code)) return { modifier: "Alt", code, isShift: shiftKey };
  return null;
}

/** By its meaning, not its place on the keyboard: a layout may have exchanged it with Alt. */
export function isSuper({ key }: { key: string }): boolean {
  return key === "Meta";
}
