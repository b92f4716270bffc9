/** The port to a link process: how main reaches it. The adapter (Electron's utilityProcess) is main/electron/link-spawner.ts. */
import type { VmId } from "#shared/model/vm.ts";
import type { FromLink, ToLink } from "./contract.ts";
import type { MessagePortLike } from "./message-port.ts";

export interface LinkProcess {
  /** `ports` go over to the link. */
  send(message: ToLink, ports?: readonly MessagePortLike[]): void;
  /** Makes a channel between this link and another: each message goes with one end of it. */
  connect(message: ToLink, other: LinkProcess, othersMessage: ToLink): void;
  /** Gives the desktop's page its two ports. */
  attachPage(): void;
  onMessage(listener: (message: FromLink) => void): void;
  /** It ended by itself: a crash. Not called after kill(). */
  onExit(listener: (code: number) => void): void;
  kill(): void;
}

/** @throws AppError desktop.replaced */
export type SpawnLink = (vm: VmId) => LinkProcess;
