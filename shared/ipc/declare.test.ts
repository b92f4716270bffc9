import { expect, it } from "vitest";
import { z } from "zod";
import { type Domain, domain, event, merge, question, report, request } from "./declare.ts";
import { contract } from "./index.ts";

const greet = request({ from: ["page", "cli"], input: z.strictObject({}), output: z.null() });
const told = report({ from: ["page"], input: z.strictObject({}) });
const changed = event({ to: ["page"], payload: z.string() });
const sure = question({ payload: z.null(), answer: z.boolean() });

const one = domain({ requests: { greet }, events: { changed }, questions: { sure } });

it("domains with names of their own go together", () => {
  const other = domain({ requests: { part: greet }, reports: { told }, events: { gone: changed } });
  expect(Object.keys(merge({ one, other }))).toEqual(["one", "other"]);
  // A request may need a question of its own name: they go different ways.
  merge({ one, two: domain({ questions: { greet: sure } }) });
});

it("two of the same name do not compile", () => {
  // @ts-expect-error -- both have a request `greet`
  merge({ one, two: domain({ requests: { greet } }) });
  // @ts-expect-error -- a report is looked up where requests are
  merge({ one, two: domain({ reports: { greet: told } }) });
  // @ts-expect-error -- both have an event `changed`
  merge({ one, two: domain({ events: { changed } }) });
  // @ts-expect-error -- both have a question `sure`
  merge({ one, two: domain({ questions: { sure } }) });
  // @ts-expect-error -- also when they are not neighbours
  merge({ one, other: domain({}), two: domain({ requests: { greet } }) });
  expect.assertions(0);
});

it("what comes from outside is strict: a field that nobody declared is refused", () => {
  for (const { requests, reports } of Object.values<Domain>(contract)) {
    for (const [name, { input }] of Object.entries({ ...requests, ...reports }))
      expect(input.safeParse({ stranger: true }).success, name).toBe(false);
  }
  expect(contract.vm.requests["vm.info"].input.safeParse({ vm: "home", stranger: true }).success).toBe(false);
});
