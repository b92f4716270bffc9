/**
 * Electron's channels between main and the desktop's page: one for each kind of message, whose name travels with it and is
 * checked in main. All that preload imports. What the messages carry is declared by the domains, see index.ts.
 */
export const IPC = {
  request: "atoll.request",
  report: "atoll.report",
  event: "atoll.event",
  question: "atoll.question",
  /** Main takes a question back. */
  questionCancelled: "atoll.question-cancelled",
  answer: "atoll.answer",
  /** Files that were dropped on the page: main gives it a token for them. */
  dropped: "atoll.dropped",
} as const;

/** Name of the window message that hands the page its ports of a VM; see LinkPortsMessage. */
export const LINK_PORTS = "atoll.link-ports";
