/** Keeps the Tab key inside a part of the host's: from its last element it goes to its first, and back. */

const REACHED_BY_TAB = "a[href], button, input, select, textarea, [tabindex]";

/** `event`: Tab was pressed somewhere inside `part`. */
export function keepTabWithin(part: HTMLElement, event: Pick<KeyboardEvent, "shiftKey" | "preventDefault">): void {
  const reached = [...part.querySelectorAll<HTMLElement>(REACHED_BY_TAB)].filter(
    (element) => element.tabIndex >= 0 && !element.matches(":disabled"),
  );
  const [from, to] = event.shiftKey ? [reached[0], reached.at(-1)] : [reached.at(-1), reached[0]];
  if (document.activeElement !== from && part.contains(document.activeElement)) return;
  event.preventDefault();
  to?.focus();
}
