// Random sequences of what the host asks and the agent answers (launches, lists of applications), against a small model.
import fc from "fast-check";
import { expect, it } from "vitest";
import { tries } from "#shared/testing/tries.ts";
import { APPS } from "../contracts/apps.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { MAX_OPEN_REQUESTS } from "../open-requests.ts";
import { ServiceHost } from "../testing/service-host.ts";

/** Requests of one kind: 1.., never named twice. */
class Model {
  readonly isWaiting = new Map<number, { apps: number }>();
  /** Nobody waits for them any more, and the agent may still answer. */
  readonly late = new Set<number>();

  giveUp(request: number): void {
    if (this.isWaiting.delete(request)) this.late.add(request);
  }

  /** Whether it is sent. */
  ask(request: number): boolean {
    if (this.isWaiting.size + this.late.size >= MAX_OPEN_REQUESTS) return false;
    this.isWaiting.set(request, { apps: 0 });
    return true;
  }

  /** "told": main hears of it; "kept": it waits for the rest; "dropped"; or the code of the violation. */
  answer(request: number, apps: number, isLast: boolean): string {
    if (this.late.has(request)) {
      if (isLast) this.late.delete(request);
      return "dropped";
    }
    const waiting = this.isWaiting.get(request);
    if (waiting === undefined) return "unknown-request";
    waiting.apps += apps;
    if (!isLast) return "kept";
    this.isWaiting.delete(request);
    return "told";
  }
}

const action = fc.record({
  what: fc.constantFrom("launch", "launch", "launched", "failed", "list", "apps", "apps", "giveUp", "giveUpList"),
  request: fc.nat(1000),
  count: fc.nat(3),
  isLast: fc.boolean(),
  isBold: fc.nat(25).map((n) => n === 13),
});

/** What main is told, and what the agent is asked, by an act. */
function effectsOf(host: ServiceHost, act: () => unknown): { outcome: unknown; told: unknown[]; asked: string[] } {
  const [events, sent] = [host.events.length, host.sent.length];
  const outcome = act();
  return {
    outcome,
    told: host.events.slice(events).map(({ event }) => event),
    asked: host.sent.slice(sent).map(({ name }) => name),
  };
}

it("requests live as the model says, through any sequence of questions, answers and giving up", () => {
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120, size: "max" }), (actions) => {
      const host = new ServiceHost();
      const [launches, lists] = [new Model(), new Model()];
      let last = 0;
      for (const { what, request: number, count, isLast, isBold } of actions) {
        const request = last === 0 ? number : 1 + (number % (last + 1));
        if (what === "giveUp") {
          // Of a request that is answered, or was none of these, nothing comes.
          const done = effectsOf(host, () => host.order(LAUNCHES, { request, isGivenUp: true }));
          expect(done).toMatchObject({ told: [], asked: [] });
          launches.giveUp(request);
        } else if (what === "giveUpList") {
          const done = effectsOf(host, () => host.order(APPS, { request, isGivenUp: true }));
          expect(done).toMatchObject({ told: [], asked: [] });
          lists.giveUp(request);
        } else if (what === "launch") {
          last += 1;
          const order = { request: last, appId: "foot", argv: [], files: [] };
          const { told, asked } = effectsOf(host, () => host.order(LAUNCHES, order));
          const isSent = launches.ask(last);
          expect(asked).toEqual(isSent ? ["launch"] : []);
          expect(told).toMatchObject(isSent ? [] : [{ type: "failed", request: last }]);
        } else if (what === "list") {
          last += 1;
          const { told, asked } = effectsOf(host, () => host.order(APPS, { request: last }));
          for (const open of lists.isWaiting.keys()) lists.giveUp(open);
          expect(asked).toEqual(lists.ask(last) ? ["listApps"] : []);
          expect(told).toEqual([]);
        } else {
          const isList = what === "apps";
          const model = isList ? lists : launches;
          const isKnown = model.isWaiting.has(request) || model.late.has(request);
          if (!isKnown && !isBold) continue;
          const apps = (model.isWaiting.get(request)?.apps ?? 0) + count;
          const expected = isList ? model.answer(request, count, isLast) : model.answer(request, 0, true);
          const { outcome, told } = effectsOf(host, () => {
            if (what === "launched") return host.say("launched", { request, pid: 5 });
            if (what === "failed") return host.say("requestFailed", { request, detail: "no" });
            return host.say("apps", {
              request,
              apps: Array.from({ length: count }, () => ({ id: "a" })),
              last: isLast,
            });
          });
          outcomes.add(`${what}: ${expected}`);
          expect(outcome).toBe(isKnown ? "accepted" : expected);
          expect(told).toHaveLength(expected === "told" ? 1 : 0);
          if (isList && expected === "told") expect(told).toMatchObject([{ request, apps: { length: apps } }]);
          if (!isList && expected === "told") expect(told).toMatchObject([{ type: what, request }]);
          if (isKnown) continue;
          expect(host.say("launched", { request })).toBe("closed");
          break;
        }
      }
      host.close();
    }),
    tries(500),
  );
  for (const expected of [
    "launched: told",
    "launched: dropped",
    "failed: told",
    "apps: told",
    "apps: kept",
    "apps: dropped",
  ])
    expect(outcomes).toContain(expected);
});

it("a guest that answers nothing is asked no more", () => {
  const host = new ServiceHost();
  for (let request = 1; request <= MAX_OPEN_REQUESTS + 1; request += 1)
    host.order(LAUNCHES, { request, appId: "foot", argv: [], files: [] });
  expect(host.sentOf("launch")).toHaveLength(MAX_OPEN_REQUESTS);
  // What nobody waits for any more counts.
  for (let request = 1; request <= MAX_OPEN_REQUESTS; request += 1) host.order(LAUNCHES, { request, isGivenUp: true });
  host.order(LAUNCHES, { request: 1000, appId: "foot", argv: [], files: [] });
  expect(host.sentOf("launch")).toHaveLength(MAX_OPEN_REQUESTS);
  host.say("launched", { request: 1 });
  host.order(LAUNCHES, { request: 1001, appId: "foot", argv: [], files: [] });
  expect(host.sentOf("launch")).toHaveLength(MAX_OPEN_REQUESTS + 1);
  host.close();
});
