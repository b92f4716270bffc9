import { escapeControls } from "#shared/model/text.ts";

/**
 * What a guest's command writes, for a person's terminal: control characters but tab and line feed are shown, not obeyed (they
 * move the cursor, set the clipboard, answer questions as if typed), and so are invisible ones (they reorder text).
 */
export class TerminalText {
  /** Keeps the beginning of a character whose rest has not come; what is no UTF-8 becomes U+FFFD. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** The next bytes. */
  shown(untrustedBytes: Uint8Array): string {
    return escapeControls(this.#decoder.decode(untrustedBytes, { stream: true }));
  }

  /** What is left when there are no more. */
  rest(): string {
    return escapeControls(this.#decoder.decode());
  }
}
