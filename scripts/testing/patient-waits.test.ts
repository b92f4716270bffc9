import { expect, it, vi } from "vitest";

it("a wait of a test goes on for longer than a second", async () => {
  const beganMs = performance.now();
  await vi.waitFor(() => expect(performance.now() - beganMs).toBeGreaterThan(1_200));
  await vi.waitUntil(() => performance.now() - beganMs > 2_400);
});

it("and for as long as it says itself, where it says so", async () => {
  await expect(vi.waitFor(() => expect.fail("never"), 10)).rejects.toThrow("never");
  await expect(vi.waitFor(() => expect.fail("never"), { timeout: 10 })).rejects.toThrow("never");
});
