/** The only file that uses ipcMain: checks that it is the desktop's page who speaks, and hands on what it says. */
import { ipcMain as unsafeIpcMain, type IpcMainEvent, type IpcMainInvokeEvent } from "electron";
import { IPC } from "#shared/ipc/channels.ts";
import type { Envelope } from "#shared/ipc/index.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { logDefect } from "../base/log.ts";
import type { PageCaller } from "../ipc/caller.ts";
import type { Dispatcher } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import { isPageFrame } from "./page-address.ts";

const CALLER: PageCaller = { from: "page", afterAnswer: (act) => void setImmediate(act) };

export function serveIpc(dispatcher: Dispatcher, page: Page): void {
  unsafeIpcMain.handle(
    IPC.request,
    async (event, name: unknown, untrustedInput: unknown): Promise<Envelope<unknown>> => {
      if (isFromPage(event)) return dispatcher.dispatch(CALLER, name, untrustedInput);
      return { ok: false, error: toErrorValue(refused(IPC.request)) };
    },
  );
  unsafeIpcMain.on(IPC.report, (event, name: unknown, untrustedInput: unknown) => {
    if (isFromPage(event)) dispatcher.report(CALLER, name, untrustedInput);
    else refused(IPC.report);
  });
  unsafeIpcMain.on(IPC.answer, (event, untrustedId: unknown, untrustedAnswer: unknown) => {
    if (isFromPage(event)) page.answered(untrustedId, untrustedAnswer);
    else refused(IPC.answer);
  });
}

function isFromPage({ senderFrame }: IpcMainInvokeEvent | IpcMainEvent): boolean {
  return isPageFrame(senderFrame);
}

function refused(channel: string): AppError {
  const error = new AppError("internal", "A frame that is not the desktop's page called.");
  logDefect(channel, error);
  return error;
}
