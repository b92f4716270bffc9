import { describe, expect, it } from "vitest";
import { choosePackages, debianRelease, isNewEnough, namesOf } from "./choice.mjs";

const qemu = { names: ["qemu-system-x86"], reason: "runs the VMs" };
const gtk = { names: ["libgtk-3-0t64", "libgtk-3-0"], reason: "Electron" };
const wanted = { packages: [qemu, gtk], needsRust: true };
const ofDebian12 = ["cargo-web", "rustc-web", "rustfmt-web", "rust-web-clippy"];
const ofDebian13 = ["cargo", "rustc", "rustfmt", "rust-clippy"];

describe("the packages to install", () => {
  it.each([
    [12, "libgtk-3-0", ofDebian12],
    [13, "libgtk-3-0t64", ofDebian13],
    [Infinity, "libgtk-3-0t64", ofDebian13],
  ])("are those of Debian %d where apt's lists are empty", (release, gtkName, toolchain) => {
    const { names, unknown } = choosePackages(wanted, new Map(), release);
    expect(names).toEqual(["qemu-system-x86", gtkName, ...toolchain]);
    expect(unknown).toHaveLength(3);
  });

  it("are those that apt knows, whatever the release", () => {
    const candidates = new Map([
      ["qemu-system-x86", "1:7.2"],
      ["libgtk-3-0", "3.24"],
      ["cargo", "0.66.0+ds1-1"],
      ["cargo-web", "1.96.0+dfsg1-1~deb12u2"],
      ["rustc-web", "1.96.0+dfsg1-1~deb12u2"],
    ]);
    expect(choosePackages(wanted, candidates, 13)).toEqual({
      names: ["qemu-system-x86", "libgtk-3-0", "cargo-web", "rustc-web"],
      unknown: [],
    });
  });

  it("lack one, and the others keep the names that apt knows", () => {
    const candidates = new Map([["libgtk-3-0", "3.24"]]);
    expect(choosePackages({ packages: [qemu, gtk], needsRust: false }, candidates, 13)).toEqual({
      names: ["qemu-system-x86", "libgtk-3-0"],
      unknown: ["qemu-system-x86 (runs the VMs)"],
    });
  });

  it("are asked for under every name that they have had", () => {
    expect(namesOf({ packages: [gtk], needsRust: false })).toEqual(gtk.names);
    expect(namesOf(wanted)).toEqual(expect.arrayContaining(["cargo", "cargo-web", "rust-web-clippy"]));
  });
});

it.each([
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n', 12],
  ['VERSION_ID="13"\nID=debian', 13],
  ["ID=debian\nVERSION_CODENAME=forky", Infinity],
  ['ID=ubuntu\nVERSION_ID="24.04"', Infinity],
  ["", Infinity],
])("knows the release of Debian from %j", (text, release) => {
  expect(debianRelease(text)).toBe(release);
});

it.each([
  ["1.85.0", true],
  ["1.96.0+dfsg1-1", true],
  ["2.0.0", true],
  ["1.84.9", false],
  ["0.66.0+ds1-1", false],
])("knows whether Rust %s is new enough", (version, isEnough) => {
  expect(isNewEnough(version)).toBe(isEnough);
});
