import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ENTRIES_FILE, entriesScript, programsOf } from "./desktop-entries.ts";

it("names the first program of each type, by the entry's own group", () => {
  const lines = [
    "/usr/share/applications/a.desktop:[Desktop Entry]",
    "/usr/share/applications/a.desktop:Name=Writer",
    "/usr/share/applications/a.desktop:MimeType=text/rtf;application/pdf;",
    "/usr/share/applications/a.desktop:[Desktop Action new]",
    "/usr/share/applications/a.desktop:Name=New document",
    "/usr/share/applications/b.desktop:Name=Before any group",
    "/usr/share/applications/b.desktop:[Desktop Entry]",
    "/usr/share/applications/b.desktop:MimeType=application/pdf;x-scheme-handler/https",
    "/usr/share/applications/b.desktop:Name=Browser",
    "/usr/share/applications/c.desktop:[Desktop Entry]",
    "/usr/share/applications/c.desktop:MimeType=image/png;",
    "/usr/share/applications/c.desktop:Name=Hidden",
    "/usr/share/applications/c.desktop:Hidden=true",
    "/usr/share/applications/d.desktop:[Desktop Entry]",
    "/usr/share/applications/d.desktop:MimeType=image/gif;__proto__;",
    "no entry",
  ];
  expect(programsOf(lines.join("\n"))).toEqual({
    "text/rtf": "Writer",
    "application/pdf": "Writer",
    "x-scheme-handler/https": "Browser",
  });
  expect(programsOf("")).toEqual({});
});

it("reads the entries from inside of the root", () => {
  const dir = mkdtempSync(join(tmpdir(), "atoll-entries-"));
  try {
    mkdirSync(join(dir, "kernel"));
    // Runs what it is given where it is: a root has a shell and grep.
    writeFileSync(join(dir, "chroot"), `#!/bin/sh\necho "$1" >${join(dir, "asked")}\nshift\nexec "$@"\n`);
    chmodSync(join(dir, "chroot"), 0o755);
    const env = { PATH: `${dir}:${process.env["PATH"] ?? ""}` };
    execFileSync("sh", ["-c", entriesScript("/kernel"), "hook", dir], { env });
    expect(readFileSync(join(dir, "asked"), "utf8")).toBe(`${dir}\n`);
    for (const line of readFileSync(join(dir, "kernel", ENTRIES_FILE), "utf8")
      .split("\n")
      .filter(Boolean))
      expect(line).toMatch(/^\/usr\/(local\/)?share\/applications\/[^:]+\.desktop:(\[|Name=|MimeType=|Hidden=)/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
