/**
 * The port to where pictures are decoded and encoded again, as PNG: a process that holds nothing else and ends with the
 * picture. The adapter (a hidden page of Electron's) is main/electron/picture-box.ts.
 */
import type { ShownPicture } from "#shared/model/picture.ts";
import type { MessagePortLike } from "../link/message-port.ts";

/** Takes one end of a channel and speaks what main/link/joint.ts says. */
export type PictureEnd = (port: MessagePortLike) => void;

export interface PictureBox {
  /** A picture may come soon. */
  prepare(): void;
  /**
   * A box that reads this source at once.
   * @param shown is given the picture, small, when all of it has come; null: nobody looks at it before it goes on
   */
  open(source: PictureEnd, shown: ((picture: ShownPicture) => void) | null): OpenBox;
}

export interface OpenBox {
  /**
   * Once: where its picture goes; until then the box keeps it. What is no picture, or too large a one, reaches the target as
   * an aborted end.
   */
  deliver(target: PictureEnd): void;
  end(): void;
}
