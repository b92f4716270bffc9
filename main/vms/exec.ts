/** A command in a guest, with its streams: main's, or joined with those of another VM (joints.ts). */
import { AppError } from "#shared/model/app-error.ts";
import { said } from "#shared/model/text.ts";
import type { ExecEnd, ExecFailure, ExecStreams } from "#shared/protocol/execs.ts";
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { Emitter } from "../base/emitter.ts";
import type { Terminal } from "../link/contracts/execs.ts";
import { checkArgv } from "./guest-argv.ts";
import { execs } from "./services/execs.ts";
import { type OutgoingStream, streams } from "./services/streams.ts";
import type { Vm } from "./vm.ts";

/** First credit of an output stream; more follows what the reader has taken. */
const FIRST_CREDIT_BYTES = MAX_STREAM_CREDIT_BYTES / 4;
const FAILURES = { "not-found": "no such command", "not-permitted": "it may not be executed" } as const;

export type OutputName = "stdout" | "stderr";
export type StreamName = keyof ExecStreams;

export interface ExecEvents {
  output: [OutputName, Uint8Array];
  /** `signal` 0: ended by itself with `code`. */
  exited: [ExecEnd];
  failed: [AppError];
}

export class Exec extends Emitter<ExecEvents> {
  /** Their ids, for a joint; rejects when the command does not start. */
  readonly streams: Promise<ExecStreams>;
  readonly #vm: Vm;
  readonly #id: number;
  readonly #stdin: Promise<OutgoingStream | null>;
  #ids: ExecStreams | null = null;
  #isOver = false;

  /**
   * `joined`: streams that are not main's; they carry nothing until they are joined.
   * @throws AppError vm.not-running, usage.bad-argument
   */
  constructor(vm: Vm, argv: string[], tty: Terminal | null, { joined = [] }: { joined?: readonly StreamName[] } = {}) {
    super();
    checkArgv(argv);
    this.#vm = vm;
    let opened: (ids: ExecStreams) => void = () => undefined;
    let notOpened: (error: AppError) => void = () => undefined;
    this.streams = new Promise((resolve, reject) => ([opened, notOpened] = [resolve, reject]));
    // Whoever does not join streams hears of it by `failed`.
    this.streams.catch(() => undefined);
    this.#stdin = this.streams.then(
      ({ stdin }) => (joined.includes("stdin") || this.#isOver ? null : vm.service(streams).write(stdin)),
      () => null,
    );
    const fail = (error: AppError): void => {
      notOpened(error);
      this.#over(() => this.emit("failed", error));
    };
    this.#id = vm.service(execs).start(argv, tty, {
      opened: (ids) => {
        this.#ids = ids;
        for (const name of ["stdout", "stderr"] as const) if (!joined.includes(name)) this.#read(name, ids[name]);
        opened(ids);
      },
      exited: (end) => this.#over(() => this.emit("exited", end)),
      failed: (failure) => fail(this.#notStarted(argv, failure)),
      lost: () => {
        const { name } = vm.definition;
        fail(new AppError("exec.lost", `VM "${name}" was lost while the command ran.`, { vm: name }));
      },
    });
  }

  /** Resolves when all of it is on its way to the guest, or the command reads no more. */
  async write(bytes: Uint8Array): Promise<void> {
    const stdin = await this.#stdin;
    await stdin?.write(bytes);
  }

  endInput(): void {
    void this.#stdin.then((stdin) => stdin?.end());
  }

  /** The reader has taken so many bytes: as many more may come. */
  grant(name: OutputName, bytes: number): void {
    const stream = this.#ids?.[name] ?? null;
    if (stream !== null && !this.#isOver) this.#vm.service(streams).grant(stream, bytes);
  }

  signal(signal: number): void {
    if (!this.#isOver) this.#vm.service(execs).signal(this.#id, signal);
  }

  resize(columns: number, rows: number): void {
    if (!this.#isOver) this.#vm.service(execs).resize(this.#id, columns, rows);
  }

  #read(name: OutputName, stream: number | null): void {
    if (stream === null) return;
    this.#vm.service(streams).read(stream, FIRST_CREDIT_BYTES, {
      data: (bytes) => this.emit("output", name, bytes),
      ended: () => undefined,
    });
  }

  #notStarted(argv: string[], { code, detail }: ExecFailure): AppError {
    const { name } = this.#vm.definition;
    const reason = code === "other" ? said(detail) : FAILURES[code];
    const message = `"${argv[0] ?? ""}" cannot be started in VM "${name}": ${reason}.`;
    return new AppError("exec.failed", message, { vm: name, code });
  }

  #over(emit: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    emit();
  }
}
