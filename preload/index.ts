/**
 * The bridge between main and the desktop's page. It knows kinds of messages and none of their names: what travels is
 * checked in main. Runs sandboxed, so that only Electron's few renderer modules are there.
 */
import { contextBridge, ipcRenderer, webUtils } from "electron";
import { IPC, LINK_PORTS } from "#shared/ipc/channels.ts";

type Listener = (payload: unknown) => void;
const listeners = new Map<string, Set<Listener>>();

ipcRenderer.on(IPC.event, (_event, name: string, payload: unknown) => {
  for (const listener of listeners.get(name) ?? []) listener(payload);
});

contextBridge.exposeInMainWorld("atoll", {
  request: (name: string, input: unknown): Promise<unknown> => ipcRenderer.invoke(IPC.request, name, input),
  // Paths of the host stay here: the page can name none.
  dropped: (files: readonly File[]): Promise<string | null> =>
    ipcRenderer.invoke(
      IPC.dropped,
      files.map((file) => webUtils.getPathForFile(file)),
    ),
  report: (name: string, input: unknown): void => ipcRenderer.send(IPC.report, name, input),
  on: (name: string, listener: Listener): (() => void) => {
    const ofName = listeners.get(name) ?? new Set();
    listeners.set(name, ofName.add(listener));
    return () => void ofName.delete(listener);
  },
  onQuestion: (listener: Listener): void =>
    void ipcRenderer.on(IPC.question, (_event, question: unknown) => listener(question)),
  onQuestionCancelled: (listener: (id: number) => void): void =>
    void ipcRenderer.on(IPC.questionCancelled, (_event, id: number) => listener(id)),
  answer: (id: number, answer: unknown): void => ipcRenderer.send(IPC.answer, id, answer),
});

// A MessagePort cannot pass the context bridge; a window message carries it.
ipcRenderer.on(LINK_PORTS, (event, { vm }: { vm: string }) => {
  window.postMessage({ type: LINK_PORTS, vm }, "*", event.ports);
});
