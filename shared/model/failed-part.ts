/** Characters of what main's log is told of a part of the page that could not be drawn. */
export const MAX_FAILURE_DETAIL = 4_000;
