/** Commands in guests, with their streams: one object per command, fed by the link's events. */
import { AppError } from "#shared/model/app-error.ts";
import type { OutputStream } from "#shared/protocol/execs.ts";
import { Emitter } from "../base/emitter.ts";
import type { LinkProcess } from "../link/link-process.ts";
import { checkArgv } from "./argv.ts";
import type { Vm } from "./vm.ts";

let lastExec = 0;

export interface ExecEvents {
  output: [OutputStream, Uint8Array];
  /** `signal` 0: ended by itself with `code`. */
  exited: [{ code: number; signal: number }];
  failed: [AppError];
}

export interface Terminal {
  columns: number;
  rows: number;
  term: string;
}

export class Exec extends Emitter<ExecEvents> {
  readonly #id: number;
  readonly #link: LinkProcess;
  readonly #stop: () => void;
  /** Writers that wait until so many bytes of stdin have been taken. */
  readonly #writers: { until: number; resolve(): void }[] = [];
  #taken = 0;
  #written = 0;
  #isOver = false;

  constructor(vm: Vm, argv: string[], tty: Terminal | null) {
    super();
    checkArgv(argv);
    lastExec += 1;
    this.#id = lastExec;
    this.#link = vm.requireLink();
    this.#stop = vm.on("link", (message) => {
      if (message.type === "closed")
        this.#fail(
          new AppError("exec.lost", `VM "${vm.definition.name}" was lost while the command ran.`, {
            vm: vm.definition.name,
          }),
        );
      else if (message.type === "execInputTaken" && message.exec === this.#id) this.#inputTaken(message.bytes);
      else if (message.type === "exec" && message.event.exec === this.#id) {
        const { event } = message;
        if (event.type === "execData") this.emit("output", event.stream, event.bytes);
        else if (event.type === "execExited")
          this.#over(() => this.emit("exited", { code: event.code, signal: event.signal }));
        else if (event.type === "execFailed") {
          const words =
            event.code === "not-found"
              ? "no such command"
              : event.code === "not-permitted"
                ? "it may not be executed"
                : event.detail;
          this.#fail(
            new AppError(
              "exec.failed",
              `"${argv[0] ?? ""}" cannot be started in VM "${vm.definition.name}": ${words}.`,
              { vm: vm.definition.name, code: event.code },
            ),
          );
        }
      }
    });
    this.#link.send({ type: "execStart", exec: this.#id, argv, tty });
  }

  /** Resolves when the guest has taken all of it, or the command is over. */
  write(bytes: Uint8Array): Promise<void> {
    if (this.#isOver || bytes.length === 0) return Promise.resolve();
    this.#written += bytes.length;
    const until = this.#written;
    this.#link.send({ type: "execInput", exec: this.#id, bytes });
    return new Promise((resolve) => this.#writers.push({ until, resolve }));
  }

  endInput(): void {
    if (!this.#isOver) this.#link.send({ type: "execInputEnd", exec: this.#id });
  }

  /** The reader has taken so many bytes: as many more may come. */
  grant(stream: OutputStream, bytes: number): void {
    if (!this.#isOver) this.#link.send({ type: "execCredit", exec: this.#id, stream, bytes });
  }

  signal(signal: number): void {
    if (!this.#isOver) this.#link.send({ type: "execSignal", exec: this.#id, signal });
  }

  resize(columns: number, rows: number): void {
    if (!this.#isOver) this.#link.send({ type: "execResize", exec: this.#id, columns, rows });
  }

  #inputTaken(bytes: number): void {
    this.#taken += bytes;
    while (this.#writers[0] !== undefined && this.#writers[0].until <= this.#taken) this.#writers.shift()?.resolve();
  }

  #fail(error: AppError): void {
    this.#over(() => this.emit("failed", error));
  }

  #over(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stop();
    for (const writer of this.#writers.splice(0)) writer.resolve();
    tell();
  }
}
