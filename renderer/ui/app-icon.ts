/** An outline icon for a program, by its id and categories. The host's parts never show a guest's own icon. */
import {
  AppWindow,
  BookOpen,
  Calculator,
  Code,
  FileText,
  Folder,
  Globe,
  Image,
  Mail,
  Music,
  Settings,
  SquareTerminal,
  type LucideIcon,
  Film,
  Archive,
} from "lucide-react";

const BY_WORD: readonly [RegExp, LucideIcon][] = [
  [/terminal|xterm|^foot|alacritty|kitty/i, SquareTerminal],
  [/firefox|chrom|webbrowser|browser|epiphany/i, Globe],
  [/filemanager|pcmanfm|thunar|nautilus|nemo|dolphin/i, Folder],
  [/email|thunderbird|mail/i, Mail],
  [/texteditor|mousepad|gedit|leafpad|featherpad|l3afpad/i, FileText],
  [/evince|zathura|pdf|viewer.*office|atril|okular/i, BookOpen],
  [/imageviewer|photo|gimp|graphics|eog|feh|imv|gpicview|ristretto/i, Image],
  [/calculator|galculator/i, Calculator],
  [/audio|music|sound/i, Music],
  [/video|player|mpv|vlc/i, Film],
  [/archiv|compress/i, Archive],
  [/settings|preferences/i, Settings],
  [/development|ide\b/i, Code],
];

export function iconFor(id: string, categories: readonly string[] = []): LucideIcon {
  const words = [id, ...categories];
  return BY_WORD.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1] ?? AppWindow;
}
