/**
 * The bridge between main and the desktop's page: CHANNELS, walked. No logic; what travels is parsed in main.
 * Runs sandboxed, so that only Electron's few renderer modules are there.
 */
import { contextBridge, ipcRenderer } from "electron";
import { CHANNELS, LINK_PORTS, type ChannelName } from "#shared/ipc/channels.ts";

const isChannel = (name: string, kind: (typeof CHANNELS)[ChannelName]): boolean =>
  Object.hasOwn(CHANNELS, name) && CHANNELS[name as ChannelName] === kind;

function refuse(name: string): never {
  throw new Error(`there is no channel ${name} of this kind`);
}

contextBridge.exposeInMainWorld("atoll", {
  request: (name: string, input: unknown): Promise<unknown> =>
    isChannel(name, "request") ? ipcRenderer.invoke(name, input) : refuse(name),
  report: (name: string, input: unknown): void =>
    isChannel(name, "report") ? ipcRenderer.send(name, input) : refuse(name),
  on: (name: string, listener: (payload: unknown) => void): (() => void) => {
    if (!isChannel(name, "event")) refuse(name);
    const forward = (_event: unknown, payload: unknown): void => listener(payload);
    ipcRenderer.on(name, forward);
    return () => void ipcRenderer.off(name, forward);
  },
});

// A MessagePort cannot pass the context bridge; a window message carries it.
ipcRenderer.on(LINK_PORTS, (event, { vm }: { vm: string }) => {
  window.postMessage({ type: LINK_PORTS, vm }, "*", event.ports);
});
