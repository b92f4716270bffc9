/** An outline icon for a program. The host's parts never show a guest's own icon. */
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
  MonitorUp,
  Music,
  Settings,
  SquareTerminal,
  type LucideIcon,
  Film,
  Archive,
} from "lucide-react";
import { appKind, type AppKind } from "#shared/model/app-kind.ts";

const ICONS: Readonly<Record<AppKind, LucideIcon>> = {
  terminal: SquareTerminal,
  browser: Globe,
  remote: MonitorUp,
  files: Folder,
  mail: Mail,
  editor: FileText,
  reader: BookOpen,
  image: Image,
  calculator: Calculator,
  audio: Music,
  video: Film,
  archive: Archive,
  settings: Settings,
  development: Code,
  other: AppWindow,
};

export function iconOf(kind: AppKind): LucideIcon {
  return ICONS[kind];
}

export function iconFor(appId: string): LucideIcon {
  return iconOf(appKind(appId));
}
