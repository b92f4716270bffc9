import { File, FileArchive, FileImage, FileText, Folder } from "lucide-react";
import { expect, it } from "vitest";
import { fileIcon } from "./file-icon.ts";

it.each([
  ["survey.tar.zst", FileArchive],
  ["photos/IMG_2041.JPG", FileImage],
  ["notes.txt", FileText],
  ["txt", File],
  [".txt", FileText],
  ["constructor.constructor", File],
  ["a.txt\u202e", File],
])("%s", (path, Icon) => expect(fileIcon({ path, isFolder: false })).toBe(Icon));

it("a folder is one, whatever it is called", () => expect(fileIcon({ path: "a.zip", isFolder: true })).toBe(Folder));
