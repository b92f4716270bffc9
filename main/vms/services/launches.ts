/** Starts programs with windows in a guest. */
import { AppError } from "#shared/model/app-error.ts";
import { said, withinQuotes } from "#shared/model/text.ts";
import type { GiveUp } from "../../link/contract.ts";
import {
  type AskedNow,
  type LaunchEvent,
  LAUNCHES,
  type LaunchOrder,
  type OpenHereOrder,
  type ProgramEnd,
} from "../../link/contracts/launches.ts";
import { Emitter } from "../../base/emitter.ts";
import { checkArgv } from "../guest-argv.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";
import { PendingRequests } from "./pending-requests.ts";

/** Programs that have ended badly and are remembered: of an older one nobody awaits a window any more. */
const MAX_ENDED = 64;

export type Program = { appId: string; files: string[] } | { argv: string[] };

type Answer = Exclude<LaunchEvent, { type: "ended" }>;

interface LaunchesEvents {
  /** A program, by its request. */
  ended: [number];
}

class Launches extends Emitter<LaunchesEvents> implements ServiceClient<LaunchEvent> {
  readonly #context: ClientContext<LaunchOrder | OpenHereOrder | AskedNow | GiveUp>;
  readonly #requests: PendingRequests<Answer>;
  readonly #ended = new Map<number, ProgramEnd>();

  constructor(context: ClientContext<LaunchOrder | OpenHereOrder | AskedNow | GiveUp>) {
    super();
    this.#context = context;
    this.#requests = new PendingRequests(() => context.vmName);
  }

  /** Resolves when the program runs. `request` is what its windows name as their launch. */
  async launch(program: Program): Promise<{ pid: number; request: number }> {
    checkArgv("appId" in program ? program.files : program.argv);
    const answer = await this.#requests.ask(
      (request) =>
        this.#context.send({
          request,
          appId: "appId" in program ? program.appId : null,
          argv: "argv" in program ? program.argv : [],
          files: "appId" in program ? program.files : [],
        }),
      (request) => this.#context.sendIfLinked({ request, isGivenUp: true }),
    );
    if (answer.type === "launched") return { pid: answer.pid, request: answer.request };
    const vm = this.#context.vmName;
    const what = "appId" in program ? program.appId : (program.argv[0] ?? "");
    const { code, detail } = answer;
    if (code === "not-found") {
      const message = `VM "${vm}" has no program "${what}": "atoll app list ${vm}" shows what it has.`;
      throw new AppError("app.not-found", message, { vm, program: what });
    }
    const message = `"${what}" cannot be started in VM "${vm}"${detail === "" ? "" : `: ${said(detail)}`}.`;
    throw new AppError("app.launch-failed", message, { vm, program: what, detail });
  }

  /**
   * Opens a link or a file of this guest with the program that it has for it. Resolves when the program runs.
   *
   * @param appId the program; null: the guest's default one
   * @throws AppError app.not-found (`details.type`: no program there opens this MIME type), app.launch-failed
   */
  async open(target: OpenHereOrder["open"], appId: string | null): Promise<{ pid: number; request: number }> {
    const answer = await this.#requests.ask(
      (request) => this.#context.send({ request, open: target, appId }),
      (request) => this.#context.sendIfLinked({ request, isGivenUp: true }),
    );
    if (answer.type === "launched") return { pid: answer.pid, request: answer.request };
    const vm = this.#context.vmName;
    const { code, detail } = answer;
    if (code === "not-found") {
      const message = `VM "${vm}" has no program that opens ${detail === "" ? "it" : `"${withinQuotes(detail)}"`}.`;
      throw new AppError("app.not-found", message, { vm, type: detail });
    }
    const message = `It cannot be opened in VM "${vm}"${detail === "" ? "" : `: ${said(detail)}`}.`;
    throw new AppError("app.launch-failed", message, { vm, detail });
  }

  /** How the process of a launch has ended; null: it runs, or has ended well. */
  endOf(request: number): ProgramEnd | null {
    return this.#ended.get(request) ?? null;
  }

  /** Somebody has asked for this launch only now: its windows may take focus. */
  askedNow(request: number): void {
    this.#context.sendIfLinked({ request, isAskedNow: true });
  }

  happened(event: LaunchEvent): void {
    if (event.type !== "ended") return this.#requests.answered(event.request, event);
    this.#ended.set(event.request, event.end);
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#ended.delete(oldest);
    this.emit("ended", event.request);
  }

  closed(): void {
    this.#ended.clear();
    this.#requests.lost();
  }
}

export const launches = serviceClient(LAUNCHES, (context) => new Launches(context));
