/** How often a property of a test is tried: a fixed count in `npm test`, many times more in each round of `npm run fuzz`. */

const { process } = globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } };
const factor = Number(process?.env["ATOLL_FUZZ_FACTOR"] ?? 1);

export function tries(count: number): { numRuns: number } {
  return { numRuns: count * factor };
}
