/** The part of Electron's MessagePortMain that is used, here and by main; only main/electron knows Electron. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: unknown }) => void): unknown;
  /** The other end is closed, or its process has ended. */
  on(name: "close", listener: () => void): unknown;
  start(): void;
  close(): void;
}
