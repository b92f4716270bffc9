// What the three tools say of a mutant, in one form.
import { EQUIVALENT } from "./equivalent.mjs";

/**
 * @typedef {object} Mutant
 * @property {string} file
 * @property {number} row 1..
 * @property {string} line the line of the source that it changes
 * @property {string} replacement
 * @property {boolean} isKilled
 */

/** @param {Mutant} mutant */
export function isEquivalent({ file, line, replacement }) {
  return EQUIVALENT.some(
    (one) =>
      one.file === file &&
      one.line === line.trim() &&
      (one.replacement === undefined || one.replacement === replacement),
  );
}
