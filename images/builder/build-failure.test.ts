import { describe, expect, it } from "vitest";
import { buildFailure } from "./build-failure.ts";

const failure = (...lines: string[]) => buildFailure({ template: "debian", exitCode: 25, lines, logFile: "/log" });

describe("a failed build", () => {
  it("names the packages that do not exist", () => {
    const error = failure("E: Unable to locate package foo", "E: Unable to locate package bar", "E: setup failed");
    expect(error).toMatchObject({ code: "template.unknown-package", details: { packages: ["foo", "bar"] } });
  });

  it.each([
    ["E: Package 'foo' has no installation candidate"],
    ["E: Package ‘foo’ has no installation candidate"],
    [
      "Package foo is not available, but is referred to by another package.",
      "However the following packages replace it:",
      "  bar",
      "",
      "E: Package 'foo' has no installation candidate",
    ],
    [
      "Package foo is a virtual package provided by:",
      "  bar 1.0",
      "You should explicitly select one to install.",
      "E: Package 'foo' has no installation candidate",
    ],
  ])("names a package that only others know: %s", (...lines) => {
    expect(failure(...lines)).toMatchObject({ code: "template.unknown-package", details: { packages: ["foo"] } });
  });

  it.each([
    "tar: ./usr/lib/x: Cannot write: No space left on device",
    "E: You don't have enough free space in /var/cache/apt/archives/.",
    "E: not enough free space",
  ])("says that the host's disk is full: %s", (line) => {
    expect(failure(line)).toMatchObject({ code: "template.no-space" });
  });

  it("says that the guest's disk is too small", () => {
    const error = failure("mke2fs: Could not allocate block in ext2 filesystem while populating file system");
    expect(error).toMatchObject({ code: "template.no-space", details: { where: "image" } });
    expect(error.message).toContain("diskMiB");
  });

  it("distinguishes an unreachable network from other faults", () => {
    expect(failure("W: Failed to fetch x  Temporary failure resolving 'y'").details["reason"]).toBe("network");
    expect(failure("E: setup failed").details["reason"]).toBe("other");
  });

  it("says what the program that failed first said", () => {
    const lines = [
      "Setting up openjdk-21-jre-headless:amd64 ...",
      "update-alternatives: error: error creating symbolic link '/usr/share/man/man1/java.1.gz.dpkg-tmp': No such file or directory",
      "dpkg: error processing package openjdk-21-jre-headless:amd64 (--configure):",
      "E: Sub-process env returned an error code (1)",
    ];
    expect(failure(...lines).message).toBe(
      "The build of 'debian' failed: update-alternatives: error: error creating symbolic link '/usr/share/man/man1/java.1.gz.dpkg-tmp': No such file or directory; its log is /log.",
    );
    expect(failure("E: setup failed: E: apt-get failed").message).toContain("(mmdebstrap said 25)");
  });

  it("shows errors before other lines, and the log's path", () => {
    const error = failure("E: first", ...Array.from({ length: 40 }, (_, index) => `Setting up p${index}`));
    expect(error.details["tail"]).toEqual(["E: first"]);
    expect(error.message).toContain("/log");
  });
});
