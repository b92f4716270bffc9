// A test that a mutant fails may leave its clock behind, and the next file runs in the same thread.
import { afterEach, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
