// Before each test file, and after each test: nothing is left of the one before, which ran in the same thread.
import { afterEach, inject, vi } from "vitest";

declare module "vitest" {
  interface ProvidedContext {
    /** Of StrykerJS: where its instrumented code finds the mutant that is active. */
    globalNamespace: string;
  }
}

// StrykerJS sets the next one when the file is loaded: until then its code is whole.
const stryker = (globalThis as Record<string, unknown>)[inject("globalNamespace")] as { activeMutant?: string };
delete stryker.activeMutant;

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
