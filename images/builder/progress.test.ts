import { describe, expect, it } from "vitest";
import { ProgressReader } from "./progress.ts";

/** What a build says, shortened: two essential packages, two others. */
const LINES = [
  "I: running apt-get update...",
  "Get:1 http://mirror trixie InRelease [140 kB]",
  "I: downloading packages with apt...",
  "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
  "Get:1 http://mirror trixie/main amd64 libc6 amd64 2.41 [2,000 kB]",
  "Get:2 http://mirror trixie/main amd64 bash amd64 5.2 [1,000 kB]",
  "I: extracting archives...",
  "I: installing essential packages...",
  "Unpacking libc6:amd64 (2.41) ...",
  "Setting up libc6:amd64 (2.41) ...",
  "Unpacking bash (5.2) ...",
  "Setting up bash (5.2) ...",
  "I: installing remaining packages inside the chroot...",
  "0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.",
  "Get:1 http://mirror trixie/main amd64 foot amd64 1.21 [300 kB]",
  "Unpacking foot (1.21) ...",
  "Setting up foot (1.21) ...",
  "atoll-step: kernel",
  "Get:1 http://mirror trixie/main amd64 linux-image amd64 6.12 [34 MB]",
  "atoll-step: image",
];

describe("the progress of a build", () => {
  const reader = new ProgressReader();
  const news = LINES.flatMap((line) => reader.read(line) ?? []);

  it("never falls, neither as a fraction nor as a step", () => {
    const fractions = news.map(({ fraction }) => fraction ?? 0);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect([...new Set(news.map(({ step }) => step))]).toEqual(["prepare", "download", "install", "kernel", "image"]);
  });

  it("names what is worked on", () => {
    expect(news.map(({ detail }) => detail)).toEqual(expect.arrayContaining(["libc6", "bash", "foot", "linux-image"]));
  });

  it("is silent about lines that mean nothing", () => {
    expect(new ProgressReader().read("Selecting previously unselected package foot.")).toBeNull();
    expect(new ProgressReader().read("")).toBeNull();
  });
});
