/**
 * The program of a service, as another part of the application uses it by one right of the service: without that right in the
 * manifest it is told nothing. What was told is remembered, as what a service has is said from that.
 */
import { AppError } from "#shared/model/app-error.ts";
import type { ServiceRights } from "#shared/model/service.ts";
import type { Desired, Program, ProgramEvents } from "../vms/services/program.ts";

/** Rights by which a program is told something; `serves`: the links of VMs whose network goes by it. */
export type ProgramRight = "serves" | ServiceRights["host"][number];

interface Options {
  program: Program;
  service: string;
  asked: ServiceRights;
  right: ProgramRight;
  /** Something is told to it by this right. */
  used: () => void;
}

export class GatedProgram {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#options.program.isConnected;
  }

  on<Name extends keyof ProgramEvents>(name: Name, listener: (...args: ProgramEvents[Name]) => void): () => void {
    return this.#options.program.on(name, listener);
  }

  /** @throws AppError service.right-not-asked, service.too-large */
  tell({ state }: Pick<Desired, "state">): number {
    this.use();
    return this.#options.program.tell({ state });
  }

  /** Rejects with service.right-not-asked, and as `Program.job` does. */
  async job(input: unknown, signal: AbortSignal): Promise<unknown> {
    this.use();
    return this.#options.program.job(input, signal);
  }

  /** Something of it is used by that right, and it is told nothing. @throws AppError service.right-not-asked */
  use(): void {
    const { service, asked, right, used } = this.#options;
    const mayUse = right === "serves" ? asked.serves.length > 0 : asked.host.includes(right);
    if (!mayUse)
      throw new AppError(
        "service.right-not-asked",
        `Service "${service}" gets nothing of this: its service.yaml does not ask for the right "${right}".`,
        { service, right },
      );
    used();
  }
}
