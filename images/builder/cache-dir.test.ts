import { homedir } from "node:os";
import { expect, it } from "vitest";
import { resolveCacheDir } from "./cache-dir.ts";

it("takes ATOLL_CACHE before XDG_CACHE_HOME before the home folder", () => {
  expect(resolveCacheDir({ ATOLL_CACHE: "/a", XDG_CACHE_HOME: "/x" })).toBe("/a");
  expect(resolveCacheDir({ ATOLL_CACHE: "", XDG_CACHE_HOME: "/x" })).toBe("/x/atoll");
  expect(resolveCacheDir({ XDG_CACHE_HOME: "relative" })).toBe(`${homedir()}/.cache/atoll`);
});
