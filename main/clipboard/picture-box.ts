/**
 * The port to where pictures are decoded and encoded again, as PNG: a process that holds nothing else and ends with the
 * picture. The adapter (a hidden page of Electron's) is main/electron/picture-box.ts.
 */
import type { MessagePortLike } from "../link/message-port.ts";

export interface PictureBox {
  /** A picture may come soon. */
  prepare(): void;
  /**
   * Puts a box between a source and a target, each of which gets the end of a channel and speaks what main/link/joint.ts
   * says. What is no picture, or too large a one, reaches the target as an aborted end.
   * @returns ends the box
   */
  connect(source: (port: MessagePortLike) => void, target: (port: MessagePortLike) => void): () => void;
}
