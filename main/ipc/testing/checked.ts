/** Main's ends of the contract for tests: what main answers and sends is parsed as it is declared, so that it keeps to it. */
import { IPC } from "#shared/ipc/channels.ts";
import { contract, type EventName, type QuestionName } from "#shared/ipc/index.ts";
import { fromErrorValue } from "#shared/model/app-error.ts";
import type { Caller, CliCaller, ClientConnection, PageCaller } from "../caller.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { Page } from "../page.ts";

export const PAGE_CALLER: PageCaller = { from: "page", afterAnswer: (act) => act() };

const nobody: ClientConnection = { notify: () => undefined, onClose: () => undefined };

export function cliCaller(connection: ClientConnection = nobody): CliCaller {
  return { from: "cli", connection, afterAnswer: (act) => act() };
}

/** One request; rejects with the error that its envelope holds. */
export async function called(dispatcher: Dispatcher, caller: Caller, name: string, input: unknown): Promise<unknown> {
  const answer = await dispatcher.dispatch(caller, name, input);
  if (answer.ok) return answer.value;
  throw fromErrorValue(answer.error);
}

interface Asked {
  id: number;
  name: string;
  payload: unknown;
}

/** A page that is there, and what main has told it. */
export class CheckedPage extends Page {
  readonly events: { name: string; payload: unknown }[] = [];
  readonly asked: Asked[] = [];
  readonly cancelled: number[] = [];

  constructor() {
    super();
    this.come();
  }

  /** As when a page has been loaded. */
  come(): void {
    this.attached((channel, ...content) => {
      if (channel === IPC.event) {
        const [name, payload] = content as [EventName, unknown];
        this.events.push({ name, payload: declared("events", name).payload.parse(payload) });
      } else if (channel === IPC.question) {
        const [question] = content as [Asked & { name: QuestionName }];
        declared("questions", question.name).payload.parse(question.payload);
        this.asked.push(question);
      } else this.cancelled.push(content[0] as number);
    });
  }
}

type Payload = { payload: { parse(value: unknown): unknown } };

function declared(kind: "events" | "questions", name: string): Payload {
  for (const domain of Object.values(contract)) {
    const found = (domain[kind] as Readonly<Record<string, Payload>>)[name];
    if (found !== undefined) return found;
  }
  throw new Error(`${name} is not declared`);
}
