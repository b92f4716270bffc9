/** The only file that uses ipcMain: checks who speaks, parses, runs, answers with an envelope. */
import { ipcMain as unsafeIpcMain, type IpcMainEvent, type IpcMainInvokeEvent } from "electron";
import { CHANNELS, type ChannelName, type ChannelOf } from "#shared/ipc/channels.ts";
import {
  type Envelope,
  type ReportInput,
  reportSchemas,
  type RequestInput,
  type RequestResults,
  requestSchemas,
} from "#shared/ipc/contract.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { logDefect } from "../base/log.ts";
import { PAGE_ORIGIN } from "./app-protocol.ts";

export type RequestHandlers = {
  [Name in ChannelOf<"request">]: (input: RequestInput<Name>) => Promise<RequestResults[Name]> | RequestResults[Name];
};
export type ReportHandlers = { [Name in ChannelOf<"report">]: (input: ReportInput<Name>) => void };

export function serveIpc(requests: RequestHandlers, reports: ReportHandlers): void {
  for (const name of Object.keys(CHANNELS) as ChannelName[]) {
    if (isRequest(name)) {
      unsafeIpcMain.handle(name, async (event, untrustedInput: unknown): Promise<Envelope<unknown>> => {
        try {
          checkSender(event);
          // The schema of `name` makes the input of the handler of `name`; TypeScript cannot follow the pair.
          const act = requests[name] as (input: unknown) => unknown;
          return { ok: true, value: await act(requestSchemas[name].parse(untrustedInput)) };
        } catch (error) {
          const value = toErrorValue(error);
          if (value.code === "internal") logDefect(name, error);
          return { ok: false, error: value };
        }
      });
    } else if (isReport(name)) {
      unsafeIpcMain.on(name, (event, untrustedInput: unknown) => {
        try {
          checkSender(event);
          const act = reports[name] as (input: unknown) => void;
          act(reportSchemas[name].parse(untrustedInput));
        } catch (error) {
          logDefect(`refused ${name}`, error);
        }
      });
    }
  }
}

function isRequest(name: ChannelName): name is ChannelOf<"request"> {
  return CHANNELS[name] === "request";
}

function isReport(name: ChannelName): name is ChannelOf<"report"> {
  return CHANNELS[name] === "report";
}

function checkSender(event: IpcMainInvokeEvent | IpcMainEvent): void {
  const frame = event.senderFrame;
  if (frame === null || frame.parent !== null || !frame.url.startsWith(`${PAGE_ORIGIN}/`)) {
    throw new AppError("internal", "A frame that is not the desktop's page called.");
  }
}
