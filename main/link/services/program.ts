/**
 * The program of a service VM. Its connection is two streams: what it says is cut into lines, bounded before anything of them is
 * parsed, and read no faster than a person's desktop can take it: a program that says more has to wait.
 */
import { MAX_FROM_PROGRAM_BYTES, fromProgram, type ToProgram } from "#shared/model/service-messages.ts";
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { BULK } from "#shared/protocol/routes.ts";
import { refuse } from "#shared/protocol/violation.ts";
import { type ProgramEvent, type ProgramOrder, PROGRAM } from "../contracts/program.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";
import { type Streams, streams } from "./streams.ts";

type Accepts = "serviceConnected";
type Sends = "serviceOpen";

/** Lines that are read of one VM. */
const LINES_PER_S = 200;
const LINES_BURST = 1_000;
/** What the program may have said and nobody has read: at least a line of the greatest length. */
const WINDOW_BYTES = Math.min(MAX_STREAM_CREDIT_BYTES, 2 * MAX_FROM_PROGRAM_BYTES);
const LINE_FEED = 0x0a;

/** One connection, or the offer of one. */
interface Connection {
  readonly toProgram: number;
  readonly fromProgram: number;
  isConnected: boolean;
  isOver: boolean;
  /** What came of the line that is not whole. */
  rest: Uint8Array[];
  restBytes: number;
  /** Whole lines that wait for their turn. */
  lines: Uint8Array[];
  /** What the program has not been able to take, in order. */
  waiting: { bytes: Uint8Array; isDesired: boolean; isBegun: boolean }[];
}

class Program implements LinkService<Accepts, ProgramOrder> {
  readonly #context: LinkContext<Sends, ProgramEvent>;
  readonly #streams: Streams;
  readonly #pace = new RateLimit(LINES_PER_S, LINES_BURST);
  #connection: Connection | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(context: LinkContext<Sends, ProgramEvent>) {
    this.#context = context;
    this.#streams = context.use(streams);
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    serviceConnected: ({ toProgram }) => {
      const connection = this.#connection;
      if (connection === null || connection.toProgram !== toProgram || connection.isConnected || connection.isOver)
        refuse("unknown-stream", `stream ${toProgram} waits for no program`);
      connection.isConnected = true;
      this.#streams.grant(connection.fromProgram, WINDOW_BYTES);
      this.#context.emit({ type: "connected" });
    },
  };

  order(order: ProgramOrder): void {
    if (order.type === "listen") this.#listen();
    else this.#tell(order.message);
  }

  closed(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Offers the guest the streams of the next connection. */
  #listen(): void {
    if (this.#connection !== null || this.#isClosed) return;
    const { table } = this.#streams;
    const [toProgram, fromProgram] = [table.open("host"), table.open("agent")];
    if (toProgram === null || fromProgram === null) {
      for (const stream of [toProgram, fromProgram]) if (stream !== null) table.drop(stream);
      return this.#context.emit({
        type: "refused",
        reason: "too much is under way in this VM: no program can connect",
      });
    }
    const connection: Connection = {
      toProgram,
      fromProgram,
      isConnected: false,
      isOver: false,
      rest: [],
      restBytes: 0,
      lines: [],
      waiting: [],
    };
    this.#connection = connection;
    this.#streams.take(toProgram, {
      credited: () => this.#send(connection),
      stopped: () => this.#end(connection),
    });
    this.#streams.take(fromProgram, {
      data: (bytes) => this.#received(connection, bytes),
      ended: () => {
        this.#end(connection);
        this.#next(connection);
      },
    });
    this.#context.send("serviceOpen", { toProgram, fromProgram });
  }

  // ---- what it says ------------------------------------------------------------------------------------------

  #received(connection: Connection, bytes: Uint8Array): void {
    if (!connection.isConnected) refuse("wrong-state", "a program speaks before it has connected");
    let begin = 0;
    for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, begin)) {
      this.#keep(connection, bytes.subarray(begin, at));
      connection.lines.push(joined(connection.rest, connection.restBytes));
      [connection.rest, connection.restBytes] = [[], 0];
      begin = at + 1;
    }
    this.#keep(connection, bytes.subarray(begin));
    if (connection.restBytes > MAX_FROM_PROGRAM_BYTES) return this.#hangUp(connection, tooLong());
    this.#read(connection);
  }

  #keep(connection: Connection, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    // A copy: the bytes are a part of what came.
    connection.rest.push(bytes.slice());
    connection.restBytes += bytes.length;
  }

  /** Reads the lines that are due; their bytes may be said again. */
  #read(connection: Connection): void {
    clearTimeout(this.#timer);
    for (let line = connection.lines[0]; line !== undefined && !this.#isClosed; line = connection.lines[0]) {
      if (!this.#pace.take()) {
        this.#timer = setTimeout(() => this.#read(connection), 1_000 / LINES_PER_S);
        return;
      }
      connection.lines.shift();
      if (line.length > MAX_FROM_PROGRAM_BYTES) return this.#hangUp(connection, tooLong());
      this.#streams.grant(connection.fromProgram, line.length + 1);
      this.#accept(line);
    }
    this.#next(connection);
  }

  #accept(line: Uint8Array): void {
    if (line.length === 0) return;
    let untrusted: unknown;
    try {
      untrusted = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
    } catch {
      return this.#refused("a line is not JSON in UTF-8");
    }
    const parsed = fromProgram.safeParse(untrusted);
    if (parsed.success) return this.#context.emit({ type: "message", message: parsed.data });
    const [issue] = parsed.error.issues;
    // The path has names of the schema alone, and numbers: none of the program's.
    const where = issue?.path.map(String).join(".").slice(0, 100) ?? "";
    this.#refused(`a message is not valid: ${where === "" ? "" : `${where}: `}${issue?.code ?? "unknown"}`);
  }

  #refused(reason: string): void {
    this.#context.emit({ type: "refused", reason });
  }

  // ---- what it is told -----------------------------------------------------------------------------------------

  #tell(message: ToProgram): void {
    const connection = this.#connection;
    if (connection === null || !connection.isConnected || connection.isOver) return;
    const isDesired = message.type === "desired";
    // The newest state takes the place of one of which the program has seen nothing.
    if (isDesired) connection.waiting = connection.waiting.filter((one) => !one.isDesired || one.isBegun);
    const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    connection.waiting.push({ bytes, isDesired, isBegun: false });
    this.#send(connection);
  }

  #send(connection: Connection): void {
    for (let first = connection.waiting[0]; first !== undefined; first = connection.waiting[0]) {
      const written = this.#streams.write(connection.toProgram, first.bytes);
      if (written === 0) return;
      first.isBegun = true;
      if (written === first.bytes.length) connection.waiting.shift();
      else first.bytes = first.bytes.subarray(written);
    }
  }

  // ---- its end -------------------------------------------------------------------------------------------------

  /** Nothing more is taken of it. */
  #hangUp(connection: Connection, reason: string): void {
    this.#refused(reason);
    [connection.rest, connection.restBytes, connection.lines] = [[], 0, []];
    // What it does not read any more must not be kept for it, however long it stays.
    [connection.isOver, connection.waiting] = [true, []];
    this.#streams.stop(connection.fromProgram);
    this.#streams.end(connection.toProgram, true);
    // It may have ended before the line had its turn.
    this.#next(connection);
  }

  #end(connection: Connection): void {
    connection.isOver = true;
    connection.waiting = [];
    this.#streams.end(connection.toProgram, false);
  }

  /** When the last line of it is read, another program may come. */
  #next(connection: Connection): void {
    const isEnded = this.#streams.table.writerOf(connection.fromProgram) === null;
    if (this.#connection !== connection || !isEnded || connection.lines.length > 0) return;
    this.#connection = null;
    if (connection.isConnected) this.#context.emit({ type: "gone" });
    this.#listen();
  }
}

function tooLong(): string {
  return `a line has more than ${MAX_FROM_PROGRAM_BYTES} bytes: the connection was ended`;
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const program = linkService(
  PROGRAM,
  { accepts: { serviceConnected: BULK }, sends: { serviceOpen: BULK } },
  (context) => new Program(context),
);
