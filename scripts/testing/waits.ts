/** How long unit tests wait for what comes by itself: a busy machine is no failure. */
export const WAITS_MS = 20_000;
