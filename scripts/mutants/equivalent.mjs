// Mutants that change nothing that anybody could see: they cannot be killed, and are not counted.

/**
 * @typedef {object} Equivalent
 * @property {string} file
 * @property {string} line the line of the source, without the space around it
 * @property {string} [replacement] of the mutant; left out: any on that line
 * @property {string} reason
 */

/** @type {readonly Equivalent[]} */
export const EQUIVALENT = [
  {
    file: "shared/protocol/execs.ts",
    line: "for (const stream of [stdin, stdout, stderr]) if (stream !== null) this.#streams.drop(stream);",
    replacement: "true",
    reason: "for the types: drop() does nothing for what is no stream",
  },
  {
    file: "shared/protocol/execs.ts",
    line: "for (const stream of Object.values(streams) as (number | null)[]) if (stream !== null) this.#streams.drop(stream);",
    replacement: "true",
    reason: "for the types: drop() does nothing for what is no stream",
  },
  {
    file: "main/control/server.ts",
    line: 'socket.on("error", () => socket.destroy());',
    reason:
      "a Unix socket gives no error before the token, when nothing is written; it is there for what Node may do one day",
  },
];
