import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { AcceptedOffer } from "#shared/protocol/clipboard.ts";
import { OFFER_MS, OfferPace } from "./offer-pace.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function paced(): { pace: OfferPace; told: number[]; offer: (generation: number, isPrimary?: boolean) => void } {
  const told: number[] = [];
  const pace = new OfferPace(({ generation }) => told.push(generation));
  const offer = (generation: number, isPrimary = false): void => {
    const one: AcceptedOffer = { selection: isPrimary ? "primary" : "clipboard", generation, types: [] };
    pace.take(one);
  };
  return { pace, told, offer };
}

it("the first offer is told at once, of those that follow the newest of each selection, in their order", () => {
  const { told, offer } = paced();
  for (const generation of [1, 2, 3]) offer(generation);
  offer(4, true);
  offer(5);
  expect(told).toEqual([1]);
  vi.advanceTimersByTime(OFFER_MS);
  expect(told).toEqual([1, 4, 5]);
  vi.advanceTimersByTime(OFFER_MS);
  offer(6);
  expect(told).toEqual([1, 4, 5, 6]);
});

it("a program that copies a thousand times a second is told of some times", () => {
  const { told, offer } = paced();
  for (let generation = 1; generation <= 1000; generation += 1) {
    offer(generation);
    vi.advanceTimersByTime(1);
  }
  vi.advanceTimersByTime(OFFER_MS);
  expect(told.length).toBeLessThanOrEqual(1000 / OFFER_MS + 2);
  expect(told.at(-1)).toBe(1000);
});

it("nothing is told after the end", () => {
  const { pace, told, offer } = paced();
  offer(1);
  offer(2);
  pace.end();
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([1]);
});
