// Mutants that change nothing that anybody could see: they cannot be killed, and are not counted.

/**
 * @typedef {object} Equivalent
 * @property {string} file
 * @property {string} line the line of the source, without the space around it
 * @property {string} [replacement] of the mutant; left out: any on that line
 * @property {string} reason
 */

/** @type {readonly Equivalent[]} */
export const EQUIVALENT = [];
