/** main, as the page sees it. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { LINK_PORTS } from "#shared/ipc/channels.ts";
import type { LinkPortsMessage } from "#shared/ipc/index.ts";
import { showNotice } from "../ui/notices.ts";

declare global {
  interface Window {
    readonly atoll: AtollBridge;
  }
}

export const bridge: AtollBridge = window.atoll;

/** A request whose answer nobody waits for: a failure is shown. */
export function order(...[name, input]: Parameters<AtollBridge["request"]>): void {
  void bridge.request(name, input).then((answer) => {
    if (!answer.ok) showNotice(answer.error.message);
  });
}

const LINK_PORTS_NAME: typeof LINK_PORTS = "atoll.link-ports";

/** Ports of VMs' links, as preload forwards them; only this page can post to itself. */
export function onLinkPorts(
  listener: (vm: LinkPortsMessage["vm"], events: MessagePort, pixels: MessagePort) => void,
): void {
  window.addEventListener("message", (event: MessageEvent<Partial<LinkPortsMessage> | null>) => {
    const [events, pixels] = event.ports;
    if (event.source !== window || event.data?.type !== LINK_PORTS_NAME || event.data.vm === undefined) return;
    if (events !== undefined && pixels !== undefined) listener(event.data.vm, events, pixels);
  });
}
