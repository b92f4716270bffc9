/**
 * What content has to pass before a guest, or the host, is given it. It is made at the receiving end, as the link that has
 * read it may have been taken over by its guest.
 */

/** `size`: more than its type may have; `content`: nothing that its type may have is in it. */
export type Filtered = { ok: true; bytes: Uint8Array } | { ok: false; by: "size" | "content" };

export interface ClipFilter {
  /** Bytes that it keeps until more has come. */
  readonly heldBytes: number;
  /** Unicode code points of what went on so far; null: content of that type is not counted in them. */
  readonly characters: number | null;
  /** What may go on. The result may be `untrusted` itself. */
  push(untrusted: Uint8Array): Filtered;
  /** Nothing more comes: the rest that may go on. */
  end(): Filtered;
}
