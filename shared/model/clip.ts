/** What the clipboard of all VMs knows: types, kinds and clips, as plain data. */

/** What file managers call a list of copied files. */
export const COPIED_FILES = "x-special/gnome-copied-files";

/** The types in which a clip is offered to another VM, whatever its source calls them. All else stays in its VM. */
export const CLIP_TYPES = [
  "text/plain;charset=utf-8",
  "text/html",
  "image/png",
  "text/uri-list",
  COPIED_FILES,
] as const;
export type ClipType = (typeof CLIP_TYPES)[number];

/** `primary`: what is marked with the mouse. */
export const CLIP_SELECTIONS = ["clipboard", "primary"] as const;
export type ClipSelection = (typeof CLIP_SELECTIONS)[number];

/** `keys`: the paste chord; `menu`: the host's window menu, for programs that paste by their own menus; `middle`: the middle button. */
export const PASTE_GESTURES = ["keys", "menu", "middle"] as const;
export type PasteGesture = (typeof PASTE_GESTURES)[number];
