/**
 * How a domain declares what main, the desktop's page and the `atoll` command say to each other. One file per domain beside
 * this one; index.ts puts them together. Names are unique over all domains, and that is checked by the compiler.
 */
import type { z } from "zod";

/** Who talks to main: the desktop's page over Electron's IPC, the `atoll` command over the control socket. */
export type Side = "page" | "cli";

/**
 * What a command waits for that comes while the application starts. `nothing`: it is about no VM; `vms`: until it is known which
 * there are, and for the rest it waits by itself, within its caller's time; `named`: and whether those that its input names run
 * already; `all`: whether any does.
 */
export type StartWait = "nothing" | "vms" | "named" | "all";

/** One side asks, main answers. The input is parsed in main; the output is what a caller may rely on (tests parse it). */
export interface Request<
  From extends Side = Side,
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  readonly from: readonly From[];
  readonly input: Input;
  readonly output: Output;
  /** Absent: `named`. */
  readonly waitsFor?: StartWait;
}

/** One side reports something to main, which does not answer. */
export interface Report<From extends Side = Side, Input extends z.ZodType = z.ZodType> {
  readonly from: readonly From[];
  readonly input: Input;
}

/** Main sends one side an event, which it does not answer. */
export interface Event<To extends Side = Side, Payload extends z.ZodType = z.ZodType> {
  readonly to: readonly To[];
  readonly payload: Payload;
}

/** Main asks the person at the page, who may take any time. The answer is parsed in main. */
export interface Question<Payload extends z.ZodType = z.ZodType, Answer extends z.ZodType = z.ZodType> {
  readonly payload: Payload;
  readonly answer: Answer;
}

export interface Domain {
  readonly requests: Readonly<Record<string, Request>>;
  readonly reports: Readonly<Record<string, Report>>;
  readonly events: Readonly<Record<string, Event>>;
  readonly questions: Readonly<Record<string, Question>>;
}

// Written as functions so that TypeScript infers `from` and the schemas as narrowly as they are written.

export function request<const From extends Side, Input extends z.ZodType, Output extends z.ZodType>(
  declared: Request<From, Input, Output>,
): Request<From, Input, Output> {
  return declared;
}

export function report<const From extends Side, Input extends z.ZodType>(
  declared: Report<From, Input>,
): Report<From, Input> {
  return declared;
}

export function event<const To extends Side, Payload extends z.ZodType>(
  declared: Event<To, Payload>,
): Event<To, Payload> {
  return declared;
}

export function question<Payload extends z.ZodType, Answer extends z.ZodType>(
  declared: Question<Payload, Answer>,
): Question<Payload, Answer> {
  return declared;
}

/** A kind of which a domain declares no name. */
const NO_NAMES = {};
type Nothing = typeof NO_NAMES;
type Completed<Declared> = {
  readonly [Kind in keyof Domain]: Declared extends Record<Kind, infer Names> ? Names : Nothing;
};

/** A domain declares only the kinds that it has. */
export function domain<const Declared extends Partial<Domain>>(declared: Declared): Completed<Declared> {
  return {
    requests: NO_NAMES,
    reports: NO_NAMES,
    events: NO_NAMES,
    questions: NO_NAMES,
    ...declared,
  } as unknown as Completed<Declared>;
}

export type Domains = Readonly<Record<string, Domain>>;

/** Requests and reports share their names: main looks both up to find who handles them. */
type CallNames<D extends Domain> = keyof D["requests"] | keyof D["reports"];
type SharedNames<One extends Domain, Other extends Domain> =
  | (CallNames<One> & CallNames<Other>)
  | (keyof One["events"] & keyof Other["events"])
  | (keyof One["questions"] & keyof Other["questions"]);

/** Names that two of the domains declare. */
type Repeated<All extends Domains> = {
  [One in keyof All]: { [Other in Exclude<keyof All, One>]: SharedNames<All[One], All[Other]> }[Exclude<
    keyof All,
    One
  >];
}[keyof All];

type Distinct<All extends Domains> = [Repeated<All>] extends [never]
  ? unknown
  : { "two domains declare the same name": Repeated<All> };

/** All domains together; two that declare the same name do not compile. */
export function merge<const All extends Domains>(domains: All & Distinct<All>): All {
  return domains;
}
