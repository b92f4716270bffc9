/**
 * Takes what the page and the `atoll` command ask and report: looks the name up, checks that this side may use it, parses
 * the input, runs the handler. No Electron and no socket: those are main/electron/ipc-server.ts and main/control/server.ts.
 */
import type { z } from "zod";
import type { Domain, Domains, Report, Request } from "#shared/ipc/declare.ts";
import type { Envelope } from "#shared/ipc/index.ts";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { escapeForLog } from "#shared/model/text.ts";
import { logDefect } from "../base/log.ts";
import type { Caller, CallerFrom } from "./caller.ts";

/** What a domain's `requests.ts` gives: a function for each request and report of its declaration. */
export type Handlers<D extends Domain> = {
  [Name in keyof D["requests"] | keyof D["reports"]]: Handler<(D["requests"] & D["reports"])[Name]>;
};

type Handler<Declaration> =
  Declaration extends Request<infer From, infer Input, infer Output>
    ? (input: z.output<Input>, caller: CallerFrom<From>) => z.output<Output> | Promise<z.output<Output>>
    : Declaration extends Report<infer From, infer Input>
      ? (input: z.output<Input>, caller: CallerFrom<From>) => void
      : never;

export type AllHandlers<All extends Domains> = { [Name in keyof All]: Handlers<All[Name]> };

/** The declaration of a name has made input and caller of its handler; TypeScript cannot follow the pair through a map. */
type AnyHandler = (input: unknown, caller: Caller) => unknown;
interface Call<Declaration> {
  declaration: Declaration;
  handle: AnyHandler;
}

/** Of each domain, what makes its handlers of the parts that it names in its parameter. */
type Makers = Readonly<Record<string, (parts: never) => unknown>>;
type UnionToIntersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/** The handlers of every domain. `parts` has all that any of them needs. */
export function handlersOf<All extends Makers>(
  makers: All,
  parts: UnionToIntersection<Parameters<All[keyof All]>[0]>,
): { [Name in keyof All]: ReturnType<All[Name]> } {
  const made = Object.entries(makers).map(([name, make]) => [name, make(parts as never)]);
  return Object.fromEntries(made) as { [Name in keyof All]: ReturnType<All[Name]> };
}

export interface DispatcherOptions {
  /** Parse what handlers return, too: for tests, which prove with it that main keeps to its declarations. */
  checksOutputs?: boolean;
}

export class Dispatcher {
  readonly #requests = new Map<string, Call<Request>>();
  readonly #reports = new Map<string, Call<Report>>();
  readonly #checksOutputs: boolean;

  private constructor(domains: Domains, handlers: Record<string, Record<string, AnyHandler>>, checksOutputs: boolean) {
    this.#checksOutputs = checksOutputs;
    for (const [domain, { requests, reports }] of Object.entries(domains)) {
      const handlerOf = (name: string): AnyHandler => {
        const handler = handlers[domain]?.[name];
        if (handler === undefined) throw new AppError("internal", `Nobody handles ${name}.`);
        return handler;
      };
      for (const [name, declaration] of Object.entries(requests))
        this.#requests.set(name, { declaration, handle: handlerOf(name) });
      for (const [name, declaration] of Object.entries(reports))
        this.#reports.set(name, { declaration, handle: handlerOf(name) });
    }
  }

  /** @param handlers for every domain: one that is missing does not compile */
  static of<const All extends Domains>(
    domains: All,
    handlers: AllHandlers<All>,
    { checksOutputs = false }: DispatcherOptions = {},
  ): Dispatcher {
    return new Dispatcher(domains, handlers, checksOutputs);
  }

  /** Never rejects: what goes wrong is in the envelope. */
  async dispatch(caller: Caller, untrustedName: unknown, untrustedInput: unknown): Promise<Envelope<unknown>> {
    try {
      const { declaration, handle } = this.#find(this.#requests, caller, untrustedName);
      const value = await handle(parse(declaration.input, untrustedInput, untrustedName), caller);
      return { ok: true, value: this.#checksOutputs ? declaration.output.parse(value) : value };
    } catch (thrown) {
      const error = toErrorValue(thrown);
      if (error.code === "internal" || isOurMistake(caller, thrown)) logDefect(words(untrustedName), thrown);
      return { ok: false, error };
    }
  }

  /** Never throws: what is no report of this side is refused, which the log says. */
  report(caller: Caller, untrustedName: unknown, untrustedInput: unknown): void {
    try {
      const { declaration, handle } = this.#find(this.#reports, caller, untrustedName);
      handle(parse(declaration.input, untrustedInput, untrustedName), caller);
    } catch (error) {
      logDefect(`refused ${words(untrustedName)}`, error);
    }
  }

  /** What a side may not use is not there for it. @throws AppError usage.unknown-method */
  #find<Declaration extends Request | Report>(
    calls: Map<string, Call<Declaration>>,
    { from }: Caller,
    untrustedName: unknown,
  ): Call<Declaration> {
    const call = typeof untrustedName === "string" ? calls.get(untrustedName) : undefined;
    if (call?.declaration.from.includes(from) === true) return call;
    const method = words(untrustedName);
    throw new AppError("usage.unknown-method", `The application does not know "${method}".`, { method });
  }
}

/** @throws AppError usage.bad-argument */
function parse(schema: z.ZodType, untrustedInput: unknown, name: unknown): unknown {
  const parsed = schema.safeParse(untrustedInput);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new AppError("usage.bad-argument", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`, {
    method: words(name),
  });
}

/** The page is ours: it calls as it is declared, or is defective. A command's words may be a person's. */
function isOurMistake({ from }: Caller, thrown: unknown): boolean {
  return from === "page" && thrown instanceof AppError && thrown.code.startsWith("usage.");
}

function words(untrustedName: unknown): string {
  return escapeForLog(typeof untrustedName === "string" ? untrustedName : typeof untrustedName);
}
