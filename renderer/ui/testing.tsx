/** What tests of views have in common: a view on the page, its elements by what they say, keys. */
import { act, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

export interface Drawn {
  /** Draws another state of it. */
  again: (view: ReactNode) => Promise<void>;
  /** To be called after the test. */
  remove: () => void;
}

export async function draw(view: ReactNode): Promise<Drawn> {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  const again = (next: ReactNode): Promise<void> => act(async () => root.render(next));
  await again(view);
  return {
    again,
    remove: () => {
      act(() => root.unmount());
      document.body.replaceChildren();
    },
  };
}

/** The element of this selector whose name (else its text) begins with these words. */
export function element(selector: string, words = ""): HTMLElement {
  const found = [...document.querySelectorAll<HTMLElement>(selector)].find((one) =>
    (one.getAttribute("aria-label") ?? one.textContent).startsWith(words),
  );
  if (found === undefined) throw new Error(`no ${selector} that begins with "${words}"`);
  return found;
}

/** What is written in all elements of this selector, in the order of the document. */
export function textsOf(selector: string): string[] {
  return [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);
}

export async function click(selector: string, words = ""): Promise<void> {
  await act(async () => element(selector, words).click());
}

/** A key in the element that has the focus. */
export async function press(key: string, held: KeyboardEventInit = {}): Promise<void> {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...held });
  await act(async () => void (document.activeElement ?? document.body).dispatchEvent(event));
}
/** Types into a field, as React hears it. */
export async function write(field: HTMLElement, text: string): Promise<void> {
  const property = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  await act(async () => {
    property?.set?.call(field, text);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
