/** What sort of program one is, by its id and categories: chooses an icon of the host's own. */

const BY_WORD = [
  ["terminal", /terminal|xterm|^foot|alacritty|kitty/i],
  ["browser", /firefox|chrom|webbrowser|browser|epiphany/i],
  ["remote", /remotedesktop|remoteaccess|remmina|rdesktop/i],
  ["files", /filemanager|pcmanfm|thunar|nautilus|nemo|dolphin/i],
  ["mail", /email|thunderbird|mail/i],
  ["editor", /texteditor|mousepad|gedit|leafpad|featherpad|l3afpad/i],
  ["reader", /evince|zathura|pdf|viewer.*office|atril|okular/i],
  ["image", /imageviewer|photo|gimp|graphics|eog|feh|imv|gpicview|ristretto/i],
  ["calculator", /calculator|galculator/i],
  ["audio", /audio|music|sound/i],
  ["video", /video|player|mpv|vlc/i],
  ["archive", /archiv|compress/i],
  ["settings", /settings|preferences/i],
  ["development", /development|ide\b/i],
] as const satisfies readonly (readonly [string, RegExp])[];

export const APP_KINDS = [...BY_WORD.map(([kind]) => kind), "other"] as const;
export type AppKind = (typeof APP_KINDS)[number];

export function appKind(id: string, categories: readonly string[] = []): AppKind {
  const words = [id, ...categories];
  return BY_WORD.find(([, pattern]) => words.some((word) => pattern.test(word)))?.[0] ?? "other";
}
