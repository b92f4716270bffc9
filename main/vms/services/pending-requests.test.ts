import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_TIMEOUT_MS } from "../../link/contract.ts";
import { PendingRequests } from "./pending-requests.ts";

describe("a request to a guest", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const ask = (requests: PendingRequests<string>): { answer: Promise<unknown>; givenUp: number[] } => {
    const givenUp: number[] = [];
    const answer = requests.ask(
      () => undefined,
      (request) => void givenUp.push(request),
    );
    return { answer: answer.catch((error: unknown) => error), givenUp };
  };

  it("that is not answered in time is given up, in the link too", async () => {
    const requests = new PendingRequests<string>(() => "home");
    const [first, second] = [ask(requests), ask(requests)];
    requests.answered(1, "yes");
    vi.advanceTimersByTime(ANSWER_TIMEOUT_MS);
    expect(await first.answer).toBe("yes");
    expect(await second.answer).toMatchObject({
      code: "vm.timeout",
      message: expect.stringContaining("30 s") as string,
    });
    expect([first.givenUp, second.givenUp]).toEqual([[], [2]]);
  });

  it("that is lost with its link is not given up: there is nobody to tell", async () => {
    const requests = new PendingRequests<string>(() => "home");
    const { answer, givenUp } = ask(requests);
    requests.lost();
    vi.advanceTimersByTime(ANSWER_TIMEOUT_MS);
    expect(await answer).toMatchObject({ code: "vm.not-running" });
    expect(givenUp).toEqual([]);
  });
});
