/**
 * Streams of bytes between the host and the guest, whatever they are for. A stream's host end is main's own (bytes as
 * events and orders), or a joint: a MessagePort to the link of another VM, by which the bytes go without passing main.
 */
import { serviceContract } from "../contract.ts";

export type StreamOrder =
  /** For the guest; sent as it gives credit. */
  | { type: "write"; stream: number; bytes: Uint8Array }
  /** Nothing more is written. */
  | { type: "end"; stream: number }
  /** So many bytes more may come. */
  | { type: "grant"; stream: number; bytes: number }
  /** With a port: the stream's host end is there from now on. Before anything was written or granted. */
  | { type: "join"; stream: number }
  /** Ends the joint that the stream is in, for both VMs. */
  | { type: "part"; stream: number };

export type StreamEvent =
  | { type: "data"; stream: number; bytes: Uint8Array }
  /** The guest, which writes it, has ended it. */
  | { type: "ended"; stream: number; aborted: boolean }
  /** So many bytes of what main wrote are on their way to the guest. */
  | { type: "taken"; stream: number; bytes: number }
  /** The last event of a stream that main writes: all has gone, or the guest wants no more. */
  | { type: "stopped"; stream: number }
  /** Of a joint: bytes that it has carried so far; a few times a second at most. */
  | { type: "progress"; stream: number; bytes: number }
  /** Of a joint: it is over. `aborted`: what was carried is not all that there was. */
  | { type: "parted"; stream: number; bytes: number; aborted: boolean };

export const STREAMS = serviceContract<StreamOrder, StreamEvent>("streams");
