/** The tests of a service: the jobs of its manifest, and for each right that it has not asked for that it does not have it. */
import { messageOf } from "#shared/model/app-error.ts";
import type { ServiceRights } from "#shared/model/service.ts";
import { cleanText } from "#shared/model/text.ts";
import type { ServiceManifest } from "./manifest.ts";
import { excessOf, type Held, rightsOf } from "./rights.ts";

export interface TestResult {
  name: string;
  ok: boolean;
  /** Why not; "". */
  detail: string;
}

const JOB_MS = 30_000;

export async function jobTests(
  { tests }: Pick<ServiceManifest, "tests">,
  job: (input: unknown, signal: AbortSignal) => Promise<unknown>,
): Promise<TestResult[]> {
  const results: TestResult[] = [];
  for (const { name, input, output } of tests) {
    try {
      const answer = await job(input, AbortSignal.timeout(JOB_MS));
      const ok = contains(answer, output);
      const said = cleanText(JSON.stringify(answer) ?? "nothing", 200);
      results.push({ name, ok, detail: ok ? "" : `it answered ${said}` });
    } catch (error) {
      results.push({ name, ok: false, detail: messageOf(error) });
    }
  }
  return results;
}

/** One for each right that is not asked. */
export function rightsTests(asked: ServiceRights, held: Held): TestResult[] {
  const excess = excessOf(asked, held);
  return rightsOf(asked, held)
    .filter((right) => !right.asked)
    .map(({ id, words }) => {
      const ok = !excess.some((one) => one === id || one.startsWith(`${id}:`));
      return { name: `not asked: ${words}`, ok, detail: ok ? "" : "its VM has it all the same" };
    });
}

/** Whether all of `expected` is in `actual`: of an object the named fields, of a list each element. */
export function contains(actual: unknown, expected: unknown): boolean {
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((element, at) => contains(actual[at], element))
    );
  if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null || Array.isArray(actual)) return false;
    const fields = new Map(Object.entries(actual));
    return Object.entries(expected).every(([key, value]) => fields.has(key) && contains(fields.get(key), value));
  }
  return actual === expected;
}
