/** What main and a link process say to each other (structured clone over the utility process's port). */
import type { LinkCommand, SurfaceEvent } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { ExecEvent, OutputStream } from "#shared/protocol/execs.ts";
import type { FailureKind } from "#shared/protocol/failure.ts";
import type { GuestApp } from "#shared/protocol/session.ts";
import type { ChannelSockets } from "../hardware/driver.ts";

/** XKB names; "" = XKB's default. */
export interface Keymap {
  rules: string;
  model: string;
  layout: string;
  variant: string;
  options: string;
}

export interface OutputInfo {
  /** Physical pixels. */
  width: number;
  height: number;
  scale120: number;
  refreshMhz: number;
}

export type ToLink =
  /** The first message. Sockets are connected to at once; the agent may come much later. */
  | { type: "open"; vm: VmId; sockets: ChannelSockets; output: OutputInfo; keymap: Keymap }
  /** With two ports: [0] LinkEvent/LinkCommand of the page, [1] PixelEvent/PixelCommand of its worker. Replaces an earlier page. */
  | { type: "attachPage" }
  | { type: "command"; command: LinkCommand }
  | { type: "launch"; request: number; appId: string | null; argv: string[]; files: string[] }
  | { type: "listApps"; request: number }
  | { type: "execStart"; exec: number; argv: string[]; tty: { columns: number; rows: number; term: string } | null }
  | { type: "execInput"; exec: number; bytes: Uint8Array }
  | { type: "execInputEnd"; exec: number }
  | { type: "execCredit"; exec: number; stream: OutputStream; bytes: number }
  | { type: "execSignal"; exec: number; signal: number }
  | { type: "execResize"; exec: number; columns: number; rows: number }
  | { type: "powerOff" }
  /** While the VM is paused no heartbeat is expected. */
  | { type: "paused"; isPaused: boolean }
  /** Ends the link in good order; `closed` with reason "stopped" follows. */
  | { type: "close" };

/** What main needs to know of surfaces. The page has all of it, from the link itself. */
export type WindowEvent = Extract<SurfaceEvent, { type: "windowOpened" | "windowChanged" | "surfaceClosed" }>;

export type ClosedReason = "protocol-violation" | "agent-lost" | "stopped";

export type FromLink =
  /** All three ports have answered: an agent is there. */
  | { type: "opened" }
  /** The agent speaks our version. */
  | { type: "hello"; agent: string; features: string[] }
  | { type: "surface"; event: WindowEvent }
  | { type: "launched"; request: number; pid: number }
  | { type: "requestFailed"; request: number; code: FailureKind; detail: string }
  | { type: "apps"; request: number; apps: GuestApp[] }
  | { type: "exec"; event: ExecEvent }
  /** These bytes of `execInput` are on their way to the guest. */
  | { type: "execInputTaken"; exec: number; bytes: number }
  /** Heartbeats are missing, or come again. */
  | { type: "responsive"; isResponsive: boolean }
  /** A surface has its first picture: the window is there for a person. */
  | { type: "painted"; surface: number }
  /** The last message: the channels are closed. */
  | { type: "closed"; reason: ClosedReason; detail: string };
