/** main, as the page sees it: `window.atoll` (by preload), and the ports of VMs' links. */
import type { LINK_PORTS } from "#shared/ipc/channels.ts";
import type { AtollBridge, LinkPortsMessage } from "#shared/ipc/index.ts";

declare global {
  interface Window {
    readonly atoll: AtollBridge;
  }
}

const LINK_PORTS_NAME: typeof LINK_PORTS = "atoll.link-ports";

/** Ports of VMs' links, which preload forwards as messages of the page to itself. */
export function onLinkPorts(
  listener: (vm: LinkPortsMessage["vm"], events: MessagePort, pixels: MessagePort) => void,
): void {
  window.addEventListener("message", (event: MessageEvent<Partial<LinkPortsMessage> | null>) => {
    const [events, pixels] = event.ports;
    if (event.source !== window || event.data?.type !== LINK_PORTS_NAME || event.data.vm === undefined) return;
    if (events !== undefined && pixels !== undefined) listener(event.data.vm, events, pixels);
  });
}
