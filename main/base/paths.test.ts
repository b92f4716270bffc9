import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkPrivateFolder, makePrivateFolder, resolvePaths } from "./paths.ts";

describe("resolvePaths", () => {
  it("puts everything under ATOLL_HOME", () => {
    expect(resolvePaths({ ATOLL_HOME: "/h" }, 5)).toEqual({
      config: "/h/config",
      state: "/h/state",
      run: "/h/run",
      controlSocket: "/h/run/control.sock",
    });
  });

  it("follows XDG, and ignores a relative path", () => {
    const paths = resolvePaths({ HOME: "/u", XDG_RUNTIME_DIR: "/run/user/5", XDG_CONFIG_HOME: "rel" }, 5);
    expect(paths).toEqual({
      config: "/u/.config/atoll",
      state: "/u/.local/state/atoll",
      run: "/run/user/5/atoll",
      controlSocket: "/run/user/5/atoll/control.sock",
    });
  });

  describe("without XDG_RUNTIME_DIR", () => {
    const uid = process.getuid?.() ?? 0;
    let logins: string;
    let ofLogin: string;
    beforeEach(() => {
      logins = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-logins-"));
      ofLogin = path.join(logins, String(uid));
    });
    afterEach(() => fs.rmSync(logins, { recursive: true }));
    const run = (env = {}): string => resolvePaths({ HOME: "/u", ...env }, uid, logins).run;

    it.each([undefined, "", "relative"])(
      "takes the folder that a login has (%s), as a desktop of that login does",
      (none) => {
        fs.mkdirSync(ofLogin, { mode: 0o700 });
        expect(run({ XDG_RUNTIME_DIR: none })).toBe(run({ XDG_RUNTIME_DIR: ofLogin }));
        expect(run({ XDG_RUNTIME_DIR: none })).toBe(path.join(ofLogin, "atoll"));
      },
    );

    it.each<[string, () => void]>([
      ["where there is none", () => undefined],
      ["where others can enter it", () => fs.mkdirSync(ofLogin, { mode: 0o755 })],
      ["where it is a link", () => fs.symlinkSync(os.tmpdir(), ofLogin)],
      ["where it is no folder", () => fs.writeFileSync(ofLogin, "", { mode: 0o600 })],
    ])("falls back to a folder of the user in /tmp %s", (_where, make) => {
      make();
      expect(run()).toBe(`/tmp/atoll-${uid}`);
    });

    it("falls back to it where the login's is somebody else's", () => {
      fs.mkdirSync(path.join(logins, String(uid + 1)), { mode: 0o700 });
      expect(resolvePaths({ HOME: "/u" }, uid + 1, logins).run).toBe(`/tmp/atoll-${uid + 1}`);
    });
  });

  it("refuses a path that no unix socket can have", () => {
    expect(() => resolvePaths({ ATOLL_HOME: `/${"x".repeat(100)}` }, 5)).toThrow(/shorter ATOLL_HOME/);
  });

  it("refuses a home whose own socket fits, and those of its VMs do not", () => {
    const longest = 107 - "/run/vms/00000000-0000/control.sock".length;
    expect(resolvePaths({ ATOLL_HOME: `/${"x".repeat(longest - 1)}` }, 5).run).toHaveLength(longest + 4);
    expect(() => resolvePaths({ ATOLL_HOME: `/${"x".repeat(longest)}` }, 5)).toThrow(/108 bytes/);
    expect(() => resolvePaths({ ATOLL_HOME: `/${"é".repeat(longest / 2)}` }, 5)).toThrow(/108 bytes/);
  });
});

describe("makePrivateFolder", () => {
  it("takes rights away from everybody else", () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-paths-"));
    const folder = path.join(root, "open");
    fs.mkdirSync(folder, { mode: 0o777 });
    fs.chmodSync(folder, 0o777);
    makePrivateFolder(folder);
    expect(fs.statSync(folder).mode & 0o777).toBe(0o700);
    fs.rmSync(root, { recursive: true });
  });

  it("does not follow a link that somebody else may have laid", () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-paths-"));
    fs.symlinkSync("/tmp", path.join(root, "link"));
    expect(() => makePrivateFolder(path.join(root, "link"))).toThrow(/belongs to somebody else/);
    fs.rmSync(root, { recursive: true });
  });
});

describe("checkPrivateFolder", () => {
  let root: string;
  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-paths-"));
  });
  afterEach(() => fs.rmSync(root, { recursive: true }));

  it("takes one that only we can enter, and none at all", () => {
    expect(() => checkPrivateFolder(root)).not.toThrow();
    expect(() => checkPrivateFolder(path.join(root, "nothing"))).not.toThrow();
    expect(() => checkPrivateFolder("/dev/null/home/run")).not.toThrow();
  });

  it.each([0o701, 0o710, 0o777])("refuses one of mode %o", (mode) => {
    fs.chmodSync(root, mode);
    expect(() => checkPrivateFolder(root)).toThrow(/can be entered by others/);
  });

  it("refuses a link, and a folder of somebody else", () => {
    fs.symlinkSync(root, path.join(root, "link"));
    expect(() => checkPrivateFolder(path.join(root, "link"))).toThrow(/belongs to somebody else/);
    const uid = vi.spyOn(process, "getuid").mockReturnValue(12_345);
    expect(() => checkPrivateFolder(root)).toThrow(/belongs to somebody else/);
    uid.mockRestore();
  });
});
