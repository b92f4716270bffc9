import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { controlFile, dependencies } from "./deb.mjs";

const packaging = path.join(import.meta.dirname, "../../packaging");
const textOf = (file: string): string => fs.readFileSync(path.join(packaging, file), "utf8");

describe("what dpkg is told", () => {
  it("what the application runs on is a dependency, what builds it is none", () => {
    const control = controlFile({ version: "1.2.3", installedKiB: 7 });
    expect(control).toContain("\nVersion: 1.2.3\n");
    expect(control).toContain("\nInstalled-Size: 7\n");
    const depends = /\nDepends: (.*)\n/.exec(control)?.[1]?.split(", ") ?? [];
    expect(depends).toEqual(dependencies);
    for (const name of ["qemu-system-x86", "qemu-utils", "bubblewrap", "passt", "mmdebstrap", "uidmap"])
      expect(depends).toContain(name);
    expect(depends).toContain("libgtk-3-0t64 | libgtk-3-0");
    for (const name of ["gcc", "cargo", "unzip", "pkg-config"]) expect(depends).not.toContain(name);
  });

  it("a description's lines begin with a space, so that dpkg reads them as one", () => {
    const [, ...lines] = controlFile({ version: "1", installedKiB: 1 }).split("\nDescription: ")[1]?.split("\n") ?? [];
    for (const line of lines.filter((candidate) => candidate !== "")) expect(line).toMatch(/^ \S/);
  });
});

describe("the desktop entry", () => {
  const entry = new Map(
    textOf("atoll.desktop")
      .split("\n")
      .filter((line) => line.includes("="))
      .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
  );

  it("goes through the command, which starts the application where it does not run, and takes no name for an option", () => {
    expect(entry.get("Exec")).toBe("atoll desktop -- %U");
  });

  it("opens common types and addresses", () => {
    const types = entry.get("MimeType")?.split(";") ?? [];
    for (const type of ["application/pdf", "image/png", "text/plain", "x-scheme-handler/https"])
      expect(types).toContain(type);
    expect(new Set(types).size).toBe(types.length);
  });
});

it("the names by which the files of the package know each other are one", () => {
  expect(textOf("org.atoll.Atoll.metainfo.xml")).toContain('<launchable type="desktop-id">atoll.desktop</launchable>');
  expect(textOf("atoll.apparmor")).toContain(" /usr/lib/atoll/atoll-desktop ");
  expect(textOf("debian/postinst")).toContain("/usr/lib/atoll/atoll-desktop");
  expect(textOf("debian/postinst")).toContain("profile=/usr/share/atoll/apparmor");
});

it("the newest release that the metadata names is this version", () => {
  const { version } = JSON.parse(fs.readFileSync(path.join(packaging, "../package.json"), "utf8")) as {
    version: string;
  };
  const [newest] = textOf("org.atoll.Atoll.metainfo.xml").match(/<release version="[^"]+"/) ?? [];
  expect(newest).toBe(`<release version="${version}"`);
});
