// What is mutated, and by which tests it is held.

/**
 * @typedef {object} Piece
 * @property {"stryker" | "assembly" | "cargo"} tool
 * @property {string[]} mutate files of the checkout, as globs
 * @property {string[]} tests folders or files with tests of vitest
 * @property {string[]} [moreTests] the same, for what survives those
 */

const NO_TESTS = ["!**/*.test.ts", "!**/testing/**", "!**/gen/**"];

/** By folder or file; of each a score is reported. @type {Readonly<Record<string, Piece>>} */
export const PIECES = {
  "shared/protocol": {
    tool: "stryker",
    mutate: ["shared/protocol/*.ts", ...NO_TESTS],
    tests: ["shared/protocol"],
    moreTests: ["main/link/services"],
  },
  "shared/model": {
    tool: "stryker",
    mutate: ["shared/model/*.ts", ...NO_TESTS],
    tests: ["shared/model"],
    moreTests: ["shared/protocol", "main/link/clips", "main/link/services"],
  },
  "main/link": { tool: "stryker", mutate: ["main/link/**/*.ts", ...NO_TESTS], tests: ["main/link"] },
  "renderer/compositor/decoders": {
    tool: "stryker",
    mutate: ["renderer/compositor/decoders/decoder.ts"],
    tests: ["renderer/compositor/decoders"],
  },
  "renderer/compositor/decoders/assembly": {
    tool: "assembly",
    mutate: ["renderer/compositor/decoders/assembly/lz4.ts", "renderer/compositor/decoders/assembly/swizzle.ts"],
    tests: ["renderer/compositor/decoders"],
  },
  "main/hardware/qemu/argv.ts": {
    tool: "stryker",
    mutate: ["main/hardware/qemu/argv.ts"],
    tests: ["main/hardware/qemu/argv.test.ts"],
  },
  "main/control/server.ts": {
    tool: "stryker",
    mutate: ["main/control/server.ts"],
    tests: ["main/control"],
  },
  "agents/wire": { tool: "cargo", mutate: ["agents/wire/src/**/*.rs"], tests: [] },
};
