import { expect, it } from "vitest";
import { watchedPlace } from "./watched-place.ts";

it.each([
  ["web:Downloads", { vm: "web", folder: "Downloads" }],
  ["*:/tmp/in/", { vm: null, folder: "/tmp/in" }],
  ["web:/", { vm: "web", folder: "/" }],
  ["Downloads", null],
  ["web:", null],
  ["Web:a", null],
  ["web:../a", null],
  ["web:a\0b", null],
])("%j is %j", (word, place) => expect(watchedPlace(word)).toEqual(place));
