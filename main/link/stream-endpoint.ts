/** The host's end of one stream: what it is notified of as the agent sends. */
export interface StreamEndpoint {
  /** Of a stream that the agent writes. */
  data?(bytes: Uint8Array): void;
  /** Of the same: nothing more comes. */
  ended?(aborted: boolean): void;
  /** Of a stream that the host writes: the agent takes so many bytes more. */
  credited?(bytes: number): void;
  /** Of the same: nothing more can be sent. */
  stopped?(): void;
}
