import { expect, it } from "vitest";
import { fileOfAddress, isPageFrame } from "./page-address.ts";

it.each([
  ["app://atoll/index.html", "/out/index.html"],
  ["app://atoll/assets/a%20b.js?x=1#y", "/out/assets/a b.js"],
  ["app://atoll/a/../index.html", "/out/index.html"],
])("%s is a file of the page", (address, file) => expect(fileOfAddress("/out", address)).toBe(file));

it.each([
  ["another host", "app://other/index.html"],
  ["a host that begins alike", "app://atoll.example/index.html"],
  ["a user before the host", "app://atoll@other/index.html"],
  ["a port", "app://atoll:80/index.html"],
  ["another scheme", "https://atoll/index.html"],
  ["a file of this machine", "file:///out/index.html"],
  ["no address", "index.html"],
  ["a way out", "app://atoll/%2e%2e%2fsecret.js"],
  ["a way out, encoded as a whole", "app://atoll/..%2f..%2fetc/passwd"],
  ["a folder whose name begins alike", "app://atoll/%2e%2e%2fout-of-here/a.js"],
  ["a broken escape", "app://atoll/%zz"],
  ["a null", "app://atoll/index.html%00.png"],
])("%s is none", (_what, address) => expect(fileOfAddress("/out", address)).toBeNull());

it.each([
  ["the page", { url: "app://atoll/index.html", parent: null }, true],
  ["a frame within it", { url: "app://atoll/index.html", parent: {} }, false],
  ["another page", { url: "https://example.org/", parent: null }, false],
  ["another host", { url: "app://atoll.example/", parent: null }, false],
  ["an empty page", { url: "about:blank", parent: null }, false],
  ["a page that has gone", null, false],
])("%s speaks for the desktop: %j", (_who, frame, expected) => expect(isPageFrame(frame)).toBe(expected));
