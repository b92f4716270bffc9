import { expect, it } from "vitest";
import { MAX_SOCKET_PATH_BYTES, socketPath } from "./socket-path.ts";

const isTaken = (path: string): boolean => socketPath.safeParse(path).success;

it.each(["a", "é", "€", "🏝"])("a path of %s is as long as its bytes", (character) => {
  const size = new TextEncoder().encode(character).length;
  const count = Math.floor((MAX_SOCKET_PATH_BYTES - 1) / size);
  expect(isTaken(`/${character.repeat(count)}`)).toBe(true);
  expect(isTaken(`/${character.repeat(count + 1)}`)).toBe(false);
});

it("a relative path is none", () => {
  expect(isTaken("run/control.sock")).toBe(false);
});
