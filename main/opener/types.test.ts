import { expect, it } from "vitest";
import { groupOfType, parseMimeType, typeOfName } from "./types.ts";

it.each([
  ["report.pdf", "document"],
  ["letter.ODT", "document"],
  ["sheet.xlsx", "document"],
  ["page.html", "document"],
  ["book.epub", "document"],
  ["photo.jpeg", "image"],
  ["drawing.svg", "image"],
  ["scan.djvu", "document"],
  ["song.opus", "media"],
  ["film.mkv", "media"],
  ["a.zip", "archive"],
  ["a.tar.gz", "archive"],
  ["a.tar.zst", "archive"],
  ["disk.iso", "archive"],
  ["notes.txt", "text"],
  ["notes.md", "text"],
  ["data.json", "text"],
  ["main.ts", "text"],
  ["lib.rs", "text"],
  ["run.sh", "program"],
  ["run.py", "program"],
  ["setup.exe", "program"],
  ["atoll.deb", "program"],
  ["x.desktop", "program"],
  ["tool.AppImage", "program"],
  ["mail.eml", "mail"],
  ["card.vcf", "mail"],
  ["-rf", "other"],
  ["README", "other"],
  [".bashrc", "other"],
  ["x.unknown-ending", "other"],
  ["x.constructor", "other"],
  ["x.__proto__", "other"],
  ["tab\there.pdf", "document"],
  ["👩‍👩‍👧.png", "image"],
])("by its name %s is of the group %s", (name, group) => {
  expect(groupOfType(typeOfName(name))).toBe(group);
});

it.each([
  ["text/plain; charset=utf-8", "text/plain"],
  [" Application/PDF ", "application/pdf"],
  ["image/svg+xml", "image/svg+xml"],
  ["", null],
  ["text", null],
  ["text/", null],
  ["text/pl\nain", null],
  ["text/plain/x", null],
  ["-x/plain", null],
  [`text/${"a".repeat(200)}`, null],
])("%j is the type %s", (claim, type) => {
  expect(parseMimeType(claim)).toBe(type);
});

it.each([
  ["application/x-executable", "program"],
  ["application/x-shellscript", "program"],
  ["inode/directory", "other"],
  ["application/octet-stream", "other"],
  ["application/vnd.oasis.opendocument.presentation", "document"],
])("a guest's type %s is of the group %s", (type, group) => {
  expect(groupOfType(type)).toBe(group);
});
