/** Longest reason in main's log for a part of the page that could not be drawn, characters. */
export const MAX_FAILURE_DETAIL = 4_000;
