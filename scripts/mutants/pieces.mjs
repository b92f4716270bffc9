// What is mutated, and by which tests it is held.

/**
 * @typedef {object} Piece
 * @property {"stryker" | "assembly" | "cargo"} tool
 * @property {string[]} mutate files of the checkout, as globs
 * @property {string[][]} tests folders or files with tests of vitest, those first that are near and quick: what survives them is
 *   tried with the next ones
 */

const NO_TESTS = ["!**/*.test.ts", "!**/testing/**", "!**/gen/**"];

/** Without services.test.ts, which takes as long as all of these. */
const QUICK_SERVICES = [
  "clipboard",
  "clock",
  "exec-life",
  "fields",
  "files",
  "folders",
  "frames",
  "launches",
  "liveness",
  "offer-input",
  "opening",
  "program",
  "request-life",
  "requests",
  "streams",
  "surfaces",
  "to-guest",
].map((name) => `main/link/services/${name}.test.ts`);

/** Of what is parsed with the schemas of shared/model. */
const USERS_OF_MODEL = [
  "main/crossings",
  "main/kiosks",
  "main/link/clips",
  "main/link/services/clipboard.test.ts",
  "main/link/services/program.test.ts",
  "main/networks/ask-queue.test.ts",
  "main/networks/compile-rules.test.ts",
  "main/networks/firewall-vectors.test.ts",
  "main/networks/flows.test.ts",
  "main/networks/requests.test.ts",
  "main/opener",
  "main/policy",
  "main/scanning/scanner.test.ts",
  "main/services/manifest.test.ts",
  "main/services/parts.test.ts",
  "main/vms/definition.test.ts",
  "renderer/wm/model",
];

/** Of the link itself. */
const QUICK_LINK = [
  "heartbeat",
  "host-link",
  "joint",
  "open-requests",
  "outgoing-queue",
  "page-ports",
  "port-channel",
  "quotas",
  "rate-limit",
  "services/services",
  "stream-report",
  "surface-event-coalescer",
].map((name) => `main/link/${name}.test.ts`);

/** By folder or file; of each a score is reported. @type {Readonly<Record<string, Piece>>} */
export const PIECES = {
  "shared/protocol": {
    tool: "stryker",
    mutate: ["shared/protocol/*.ts", ...NO_TESTS],
    tests: [["shared/protocol"], QUICK_SERVICES],
  },
  "shared/model": {
    tool: "stryker",
    mutate: ["shared/model/*.ts", ...NO_TESTS],
    tests: [["shared/model"], USERS_OF_MODEL],
  },
  "main/link": {
    tool: "stryker",
    mutate: ["main/link/**/*.ts", ...NO_TESTS],
    tests: [["main/link/clips", ...QUICK_SERVICES], QUICK_LINK, ["main/link/link.test.ts", "main/link/limits.test.ts"]],
  },
  "renderer/compositor/decoders": {
    tool: "stryker",
    mutate: ["renderer/compositor/decoders/decoder.ts"],
    tests: [["renderer/compositor/decoders"]],
  },
  "renderer/compositor/decoders/assembly": {
    tool: "assembly",
    mutate: ["renderer/compositor/decoders/assembly/lz4.ts", "renderer/compositor/decoders/assembly/swizzle.ts"],
    tests: [["renderer/compositor/decoders"]],
  },
  "main/hardware/qemu/argv.ts": {
    tool: "stryker",
    mutate: ["main/hardware/qemu/argv.ts"],
    tests: [["main/hardware/qemu/argv.test.ts"]],
  },
  "main/control/server.ts": {
    tool: "stryker",
    mutate: ["main/control/server.ts"],
    tests: [["main/control"]],
  },
  "agents/wire": { tool: "cargo", mutate: ["agents/wire/src/**/*.rs"], tests: [] },
};
