/**
 * Everything that main, the desktop's page and the `atoll` command say to each other: all domains, and the types that follow
 * from their declarations. domains.ts is made from the files beside it.
 */
import type { z } from "zod";
import type { ErrorValue } from "../model/app-error.ts";
import type { VmId } from "../model/vm.ts";
import type { LINK_PORTS } from "./channels.ts";
import { type Domain, type Event, merge, type Question, type Report, type Request, type Side } from "./declare.ts";
import * as domains from "./domains.ts";

export const contract = merge({ ...domains });

type Contract = typeof contract;
type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;
/** Name -> declaration, over all domains. */
type Declared<Kind extends keyof Domain> = Intersection<Contract[keyof Contract][Kind]>;
type Requests = Declared<"requests">;
type Reports = Declared<"reports">;
type Events = Declared<"events">;
type Questions = Declared<"questions">;

/** Requests that a side may make. */
export type RequestName<From extends Side = Side> = {
  [Name in keyof Requests]: Requests[Name] extends Request<infer Allowed>
    ? From extends Allowed
      ? Name
      : never
    : never;
}[keyof Requests];
/** As a caller writes it: what has a default may be left out. */
export type RequestInput<Name extends RequestName> = z.input<Requests[Name]["input"]>;
export type RequestOutput<Name extends RequestName> = z.output<Requests[Name]["output"]>;

export type ReportName<From extends Side = Side> = {
  [Name in keyof Reports]: Reports[Name] extends Report<infer Allowed> ? (From extends Allowed ? Name : never) : never;
}[keyof Reports];
export type ReportInput<Name extends ReportName> = z.input<Reports[Name]["input"]>;

export type EventName<To extends Side = Side> = {
  [Name in keyof Events]: Events[Name] extends Event<infer Allowed> ? (To extends Allowed ? Name : never) : never;
}[keyof Events];
export type EventPayload<Name extends EventName> = z.output<Events[Name]["payload"]>;

export type QuestionName = keyof Questions;
export type QuestionPayload<Name extends QuestionName> = z.output<Questions[Name]["payload"]>;
export type QuestionAnswer<Name extends QuestionName> =
  Questions[Name] extends Question<z.ZodType, infer Answer> ? z.output<Answer> : never;

/** A question as the page receives it. */
export type AskedQuestion = {
  [Name in QuestionName]: { id: number; name: Name; payload: QuestionPayload<Name> };
}[QuestionName];

/** Every request is answered with this; nothing is thrown across the bridge. */
export type Envelope<Value> = { ok: true; value: Value } | { ok: false; error: ErrorValue };

/** What preload exposes as `window.atoll`. */
export interface AtollBridge {
  request<Name extends RequestName<"page">>(
    name: Name,
    input: RequestInput<Name>,
  ): Promise<Envelope<RequestOutput<Name>>>;
  /** What main knows these dropped `File`s of this computer by (`chosenFiles`); null: none of them has a path. */
  dropped(files: readonly object[]): Promise<string | null>;
  report<Name extends ReportName<"page">>(name: Name, input: ReportInput<Name>): void;
  /** Returns a function that ends the subscription. */
  on<Name extends EventName<"page">>(name: Name, listener: (payload: EventPayload<Name>) => void): () => void;
  /**
   * Main asks. Report `question.shown` when the person sees it, and `answer` it once. One that is open when the page goes
   * away is asked again, with another id, when a page is there.
   */
  onQuestion(listener: (question: AskedQuestion) => void): void;
  /** Main does not want to know any more: take the prompt away; no answer. */
  onQuestionCancelled(listener: (id: number) => void): void;
  answer<Name extends QuestionName>(id: number, answer: QuestionAnswer<Name>): void;
}

/**
 * `window` message from preload: the page's ports of one VM's link: ports[0] LinkEvent/LinkCommand, ports[1] PixelEvent/PixelCommand
 * (to be handed to the compositor worker). A second one for the same VM replaces the first: the link process was started anew.
 */
export interface LinkPortsMessage {
  type: typeof LINK_PORTS;
  vm: VmId;
}
