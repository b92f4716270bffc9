/**
 * Main's side of the program of a service VM. It keeps the desired state and sends all of it at each connection; jobs are answered
 * once, or lost with the connection. What the program says is a guest's word.
 */
import { AppError } from "#shared/model/app-error.ts";
import {
  MAX_JOBS,
  MAX_TO_PROGRAM_BYTES,
  type FromProgram,
  type ProgramReport,
  type ToProgram,
} from "#shared/model/service-messages.ts";
import { cleanText } from "#shared/model/text.ts";
import { Emitter } from "../../base/emitter.ts";
import { type Settle, waitFor } from "../../base/waiting.ts";
import { PROGRAM, type ProgramEvent, type ProgramOrder } from "../../link/contracts/program.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

export interface ProgramEvents {
  /** It has connected and got the desired state. */
  connected: [];
  /** Its connection has ended, or the link has. */
  gone: [];
  /** All that it says but results of jobs. */
  report: [ProgramReport];
  /** It has sent something that is no message. */
  refused: [reason: string];
}

/** The desired state; a part that nobody has set is the default. */
export interface Desired {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly state: unknown;
}

export class Program extends Emitter<ProgramEvents> implements ServiceClient<ProgramEvent> {
  readonly #context: ClientContext<ProgramOrder>;
  readonly #jobs = new Map<number, Settle<unknown>>();
  #isConnected = false;
  #desired: Desired = { settings: {}, state: null };
  #revision = 0;
  #lastJob = 0;

  constructor(context: ClientContext<ProgramOrder>) {
    super();
    this.#context = context;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /**
   * These parts are desired from now on, the other as before. Returns the revision that `applied` will name.
   * @throws AppError service.too-large, and nothing is changed
   */
  tell(parts: Partial<Desired>): number {
    const desired = { ...this.#desired, ...parts };
    this.#check({ type: "desired", revision: this.#revision + 1, ...desired });
    this.#desired = desired;
    this.#revision += 1;
    if (this.#isConnected) this.#tellDesired();
    return this.#revision;
  }

  /**
   * Gives it something to do; resolves with its output, a guest's word. Rejects with what it says is wrong (service.job-failed),
   * where it is not there (service.not-connected; `wasAsked`: it went before it answered), and with the reason of `signal`, whose abort is told to it.
   */
  async job(input: unknown, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    const { vmName } = this.#context;
    if (!this.#isConnected) throw notConnected(vmName, "does not run: start it, or wait until it is healthy");
    if (this.#jobs.size >= MAX_JOBS)
      throw new AppError("service.busy", `Service "${vmName}" has ${MAX_JOBS} jobs already: try again later.`, {
        service: vmName,
      });
    this.#lastJob += 1;
    const job = this.#lastJob;
    const message = { type: "job", job, input } as const;
    this.#check(message);
    this.#context.send({ type: "tell", message });
    try {
      return await waitFor<unknown>({
        listen: (settle) => {
          this.#jobs.set(job, settle);
          return () => this.#jobs.delete(job);
        },
        signal,
      });
    } finally {
      if (signal.aborted) this.#context.sendIfLinked({ type: "tell", message: { type: "cancel", job } });
    }
  }

  opened(): void {
    this.#context.sendIfLinked({ type: "listen" });
  }

  happened(event: ProgramEvent): void {
    switch (event.type) {
      case "connected":
        this.#isConnected = true;
        this.#tellDesired();
        return this.emit("connected");
      case "gone":
        return this.closed();
      case "refused":
        return this.emit("refused", event.reason);
      case "message":
        this.#reported(event.message);
    }
  }

  closed(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    const lost = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const { reject } of lost) reject(notConnected(this.#context.vmName, "was lost before it answered", true));
    this.emit("gone");
  }

  #reported(message: FromProgram): void {
    // Revisions of an earlier run of the application must not be taken for those of this one.
    if (message.type === "applied" && message.revision > this.#revision)
      return this.emit("refused", `it confirms a state that was never sent to it (revision ${message.revision})`);
    if (message.type !== "result") return this.emit("report", message);
    const settle = this.#jobs.get(message.job);
    if (message.ok) return settle?.resolve(message.output ?? null);
    const { vmName } = this.#context;
    const reason = cleanText(message.reason ?? "it gave no reason");
    settle?.reject(
      new AppError("service.job-failed", `Service "${vmName}" could not do it: ${reason}`, { service: vmName, reason }),
    );
  }

  #tellDesired(): void {
    const message: ToProgram = { type: "desired", revision: this.#revision, ...this.#desired };
    this.#context.sendIfLinked({ type: "tell", message });
  }

  #check(message: ToProgram): void {
    const bytes = Buffer.byteLength(JSON.stringify(message));
    if (bytes <= MAX_TO_PROGRAM_BYTES) return;
    const { vmName } = this.#context;
    throw new AppError(
      "service.too-large",
      `The settings and state for service "${vmName}" are ${bytes} bytes; the limit is ${MAX_TO_PROGRAM_BYTES}.`,
      { service: vmName, bytes, limit: MAX_TO_PROGRAM_BYTES },
    );
  }
}

function notConnected(service: string, what: string, wasAsked = false): AppError {
  return new AppError("service.not-connected", `The program of service "${service}" ${what}.`, { service, wasAsked });
}

export const program = serviceClient(PROGRAM, (context) => new Program(context));
