/** The tests of a service: the jobs of its manifest, and for each right that it has not asked for that it does not have it. */
import { messageOf } from "#shared/model/app-error.ts";
import { HOST_RIGHTS, SERVED_ROLES, type ServiceRights } from "#shared/model/service.ts";
import { cleanText } from "#shared/model/text.ts";
import type { VmRole } from "#shared/model/vm.ts";
import { deadline } from "../base/deadline.ts";
import type { ProgramRight } from "./gated-program.ts";
import type { ServiceManifest } from "./manifest.ts";
import { excessOf, type ActualRights, rightsOf, servesWords } from "./rights.ts";

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
    const limit = deadline(JOB_MS, () => new Error(`it has not answered within ${JOB_MS / 1000} s`));
    try {
      const answer = await job(input, limit.signal);
      const ok = contains(answer, output);
      const answered = cleanText(JSON.stringify(answer) ?? "nothing", 200);
      results.push({ name, ok, detail: ok ? "" : `it answered ${answered}` });
    } catch (error) {
      results.push({ name, ok: false, detail: messageOf(error) });
    } finally {
      limit.end();
    }
  }
  return results;
}

/** What can be tried to have: the network of VMs of a role, or being told something. */
export type TriedRight = { kind: "role"; role: VmRole } | { kind: "program"; right: ProgramRight };

/**
 * One for each right that is not asked: its VM does not have it, and is refused it. An interface has no more to try than that the
 * VM's machine has none.
 */
export function rightsTests(
  asked: ServiceRights,
  actual: ActualRights,
  isRefused: (right: TriedRight) => boolean,
): TestResult[] {
  const excess = new Set(excessOf(asked, actual));
  const test = (id: string, words: string, tried: TriedRight | null): TestResult => {
    const isGiven = tried !== null && !isRefused(tried);
    const detail = excess.has(id) ? "its VM has it all the same" : isGiven ? "it is not refused" : "";
    return { name: `not asked: ${words}`, ok: detail === "", detail };
  };
  const roles = SERVED_ROLES.filter((role) => !asked.serves.includes(role)).map((role) =>
    test(`serves:${role}`, servesWords([role]), { kind: "role", role }),
  );
  const others = rightsOf(asked, actual).filter((right) => !right.asked && right.id !== "serves");
  const tests = others.map(({ id, words }) => {
    const right = HOST_RIGHTS.find((one) => one === id);
    return test(id, words, right === undefined ? null : { kind: "program", right });
  });
  return [...roles, ...tests];
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
