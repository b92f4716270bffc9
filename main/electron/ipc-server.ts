/** The only file that uses ipcMain: checks that it is the desktop's page who speaks, and hands on what it says. */
import { ipcMain as unsafeIpcMain, type IpcMainEvent, type IpcMainInvokeEvent } from "electron";
import { z } from "zod";
import { IPC } from "#shared/ipc/channels.ts";
import type { Envelope } from "#shared/ipc/index.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { MAX_CHOSEN_FILES, MAX_FILE_PATH_BYTES } from "#shared/protocol/limits.ts";
import { logDefect } from "../base/log.ts";
import type { ChosenFiles } from "../files/chosen-files.ts";
import type { PageCaller } from "../ipc/caller.ts";
import type { Dispatcher } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import { isPageFrame } from "./page-address.ts";

const CALLER: PageCaller = { from: "page", afterAnswer: (act) => void setImmediate(act) };

const droppedPaths = z.array(z.string().max(MAX_FILE_PATH_BYTES)).max(MAX_CHOSEN_FILES);

export function serveIpc(dispatcher: Dispatcher, page: Page, chosenFiles: Pick<ChosenFiles, "add">): void {
  unsafeIpcMain.handle(
    IPC.request,
    async (event, name: unknown, untrustedInput: unknown): Promise<Envelope<unknown>> => {
      if (isFromPage(event)) return dispatcher.dispatch(CALLER, name, untrustedInput);
      return { ok: false, error: toErrorValue(refused(IPC.request)) };
    },
  );
  unsafeIpcMain.handle(IPC.dropped, (event, untrustedPaths: unknown): string | null => {
    if (!isFromPage(event)) {
      refused(IPC.dropped);
      return null;
    }
    const { data } = droppedPaths.safeParse(untrustedPaths);
    // A file that is none of this computer, such as a picture of a page, has no path.
    const paths = data?.filter((path) => path !== "") ?? [];
    return paths.length === 0 ? null : chosenFiles.add(paths);
  });
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
