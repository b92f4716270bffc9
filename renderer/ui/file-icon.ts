/** An outline icon for a file, by how its name ends: a hint for the eye, as it may be a guest's word. */
import {
  File,
  FileArchive,
  FileCode,
  FileImage,
  FileMusic,
  FileSpreadsheet,
  FileText,
  FileVideoCamera,
  Folder,
  type LucideIcon,
} from "lucide-react";

const ENDINGS: readonly (readonly [LucideIcon, string])[] = [
  [FileText, "txt md pdf ps epub doc docx odt rtf ppt pptx odp log"],
  [FileSpreadsheet, "csv tsv xls xlsx ods"],
  [FileImage, "png jpg jpeg gif webp avif heic bmp svg tif tiff"],
  [FileMusic, "mp3 ogg oga opus flac wav m4a"],
  [FileVideoCamera, "mp4 mkv webm avi mov ogv"],
  [FileArchive, "zip tar gz tgz xz bz2 zst 7z rar deb"],
  [FileCode, "c h cpp rs ts tsx js mjs py sh html css json yaml yml toml xml"],
];
const ICONS = new Map(
  ENDINGS.flatMap(([Icon, endings]) => endings.split(" ").map((ending) => [ending, Icon] as const)),
);

export function fileIcon({ path, isFolder }: { path: string; isFolder: boolean }): LucideIcon {
  if (isFolder) return Folder;
  const ending = /\.([a-z0-9]{1,5})$/i.exec(path)?.[1]?.toLowerCase();
  return (ending === undefined ? undefined : ICONS.get(ending)) ?? File;
}
