/** File transfers of a guest, and files of it that are watched. Their bytes are the streams service's. */
import { FileKind } from "#shared/protocol/gen/atoll_pb.ts";
import { FilesTable, type ListedFile } from "#shared/protocol/files.ts";
import type { WireMessageInit } from "#shared/protocol/header.ts";
import { MAX_TRANSFERS } from "#shared/protocol/limits.ts";
import { BULK } from "#shared/protocol/routes.ts";
import { FILES, type FilesEvent, type FilesOrder, type Receiving } from "../contracts/files.ts";
import { NewestPace } from "../newest-pace.ts";
import { RateLimit } from "../rate-limit.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";
import { type Streams, streams } from "./streams.ts";

type Accepts = "filesListed" | "filesReady" | "filesDone" | "filesEnded" | "fileSaved";
type Sends =
  | "filesList"
  | "filesSend"
  | "filesReceive"
  | "filesExpected"
  | "filesPause"
  | "filesStop"
  | "fileWatch"
  | "fileUnwatch";
type OrderOf<Type extends FilesOrder["type"]> = Extract<FilesOrder, { type: Type }>;

/** Paths and entries of one message, bytes, about: far below MAX_HEADER_BYTES. */
const MESSAGE_BYTES = 32 * 1024;
/** What an entry takes besides its path. */
const ENTRY_BYTES = 48;
/** With more that the guest has not read, no more of a list is sent. */
const MAX_QUEUED_BYTES = 512 * 1024;
const SAVED_MS = 250;
/** Reports of a target without a file, that main hears of: an agent makes ten a second of each transfer. */
const PROGRESS_PER_S = 10 * MAX_TRANSFERS;
const PROGRESS_BURST = 2 * PROGRESS_PER_S;
const ALREADY = `${MAX_TRANSFERS} transfers are open in this VM already`;

class Files implements LinkService<Accepts, FilesOrder> {
  readonly #context: LinkContext<Sends, FilesEvent>;
  readonly #streams: Streams;
  readonly #table: FilesTable;
  readonly #saved: NewestPace<number, Extract<FilesEvent, { type: "saved" }>>;
  readonly #progress = new RateLimit(PROGRESS_PER_S, PROGRESS_BURST);
  /** Lists of what targets are to expect, in the order of their orders. */
  readonly #expected: WireMessageInit<"filesExpected">[] = [];
  #waitsForRoom = false;

  constructor(context: LinkContext<Sends, FilesEvent>) {
    this.#context = context;
    this.#streams = context.use(streams);
    this.#table = new FilesTable(this.#streams.table);
    this.#saved = new NewestPace(SAVED_MS, (saved) => context.emit(saved));
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    filesListed: (untrusted) => {
      const files = this.#table.acceptListed(untrusted);
      this.#context.emit({ type: "listed", transfer: untrusted.transfer, files, isLast: untrusted.last });
    },
    filesReady: (untrusted) => {
      const from = this.#table.acceptReady(untrusted);
      this.#context.emit({ type: "ready", transfer: untrusted.transfer, from });
    },
    filesDone: (untrusted) => {
      const { files, bytes } = this.#table.acceptDone(untrusted);
      // A later one says how much has come, too.
      if (files.length === 0 && !this.#progress.take()) return;
      this.#context.emit({ type: "done", transfer: untrusted.transfer, files, bytes });
    },
    filesEnded: (untrusted) => {
      const end = this.#table.acceptEnded(untrusted);
      this.#context.emit({ type: "ended", transfer: untrusted.transfer, ...end });
    },
    fileSaved: (untrusted) => {
      const saved = this.#table.acceptSaved(untrusted);
      if (saved !== null) this.#saved.take(untrusted.watch, { type: "saved", watch: untrusted.watch, ...saved });
    },
  };

  order(order: FilesOrder): void {
    switch (order.type) {
      case "list":
        return this.#list(order);
      case "send":
        return this.#send(order);
      case "receive":
        return this.#receive(order);
      case "expect":
        return this.#expect(order);
      case "pause":
        if (this.#table.isOpen(order.transfer))
          this.#context.send("filesPause", { transfer: order.transfer, paused: order.isPaused });
        return;
      case "stop":
        if (this.#table.isOpen(order.transfer))
          this.#context.send("filesStop", { transfer: order.transfer, keep: order.keep });
        return;
      case "watch":
        return this.#watch(order);
      case "unwatch":
        if (this.#table.unwatch(order.watch)) this.#context.send("fileUnwatch", { watch: order.watch });
    }
  }

  closed(): void {
    this.#saved.end();
  }

  #list({ transfer, what }: OrderOf<"list">): void {
    if (!this.#table.list(transfer)) return this.#failed(transfer, ALREADY);
    if ("wanted" in what) return this.#context.send("filesList", { transfer, wanted: what.wanted });
    const parts = inParts(what.paths, (path) => path.length);
    for (const [at, paths] of parts.entries())
      this.#context.send("filesList", { transfer, paths, more: at + 1 < parts.length });
  }

  #send({ transfer, from: { first, offset, prefixSha256 }, leftOut }: OrderOf<"send">): void {
    const stream = this.#table.send(transfer);
    if (stream === null) {
      // It has ended meanwhile, or there is no stream for it.
      if (this.#table.isOpen(transfer)) this.#context.send("filesStop", { transfer });
      return;
    }
    this.#context.send("filesSend", {
      transfer,
      stream,
      first,
      offset: BigInt(offset),
      prefixSha256,
      leftOut: [...leftOut],
    });
    this.#context.emit({ type: "streamOpened", transfer, stream });
  }

  #receive({ transfer, receiving }: OrderOf<"receive">): void {
    const stream = this.#table.receive(transfer);
    if (stream === null) return this.#failed(transfer, ALREADY);
    const { key, origin, files, bytes, isOpened, isReadOnly } = receiving;
    this.#context.send("filesReceive", {
      transfer,
      stream,
      key,
      origin,
      destination: destinationOf(receiving),
      files,
      bytes: BigInt(bytes),
      opened: isOpened,
      readOnly: isReadOnly,
    });
    this.#context.emit({ type: "streamOpened", transfer, stream });
  }

  #expect({ transfer, files, isLast }: OrderOf<"expect">): void {
    if (!this.#table.expect(transfer, files, isLast)) return;
    const parts = inParts(files, ({ path, sha256 }) => path.length + (sha256?.length ?? 0) + ENTRY_BYTES);
    for (const [at, part] of parts.entries())
      this.#expected.push({ transfer, entries: part.map(wireEntry), last: isLast && at + 1 === parts.length });
    this.#sendExpected();
  }

  /** No faster than the guest reads. */
  #sendExpected(): void {
    while (this.#expected.length > 0 && !this.#waitsForRoom) {
      if (this.#context.queuedBytes("bulk") > MAX_QUEUED_BYTES) {
        this.#waitsForRoom = true;
        this.#context.whenDrained("bulk", () => {
          this.#waitsForRoom = false;
          this.#sendExpected();
        });
        return;
      }
      const message = this.#expected.shift();
      if (message !== undefined && this.#table.isOpen(message.transfer ?? 0))
        this.#context.send("filesExpected", message);
    }
  }

  #watch({ watch, path }: OrderOf<"watch">): void {
    if (this.#table.watch(watch)) this.#context.send("fileWatch", { watch, path });
  }

  #failed(transfer: number, detail: string): void {
    this.#context.emit({ type: "ended", transfer, reason: "too-many", detail });
  }
}

/** One at least; each of no more than MESSAGE_BYTES, where an element alone has not more. */
function inParts<Element>(elements: readonly Element[], bytesOf: (element: Element) => number): Element[][] {
  const parts: Element[][] = [[]];
  let bytes = 0;
  for (const element of elements) {
    const more = bytesOf(element);
    if (bytes > 0 && bytes + more > MESSAGE_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(element);
    bytes += more;
  }
  return parts;
}

function destinationOf({
  into,
}: Receiving): NonNullable<Extract<WireMessageInit<"filesReceive">, { destination?: unknown }>["destination"]> {
  switch (into.kind) {
    case "incoming":
      return { case: "incoming", value: {} };
    case "path":
      return { case: "path", value: into.path };
    case "replaced":
      return { case: "replaced", value: { path: into.path, sha256: into.sha256 } };
  }
}

function wireEntry({ index, kind, path, size, executable, modifiedS, sha256 }: ListedFile) {
  const wireKind = kind === "folder" ? FileKind.FOLDER : FileKind.FILE;
  const entry = { index, kind: wireKind, path, size: BigInt(size), executable, modifiedS: BigInt(modifiedS) };
  return sha256 === undefined ? entry : { ...entry, sha256 };
}

export const files = linkService(
  FILES,
  {
    accepts: { filesListed: BULK, filesReady: BULK, filesDone: BULK, filesEnded: BULK, fileSaved: BULK },
    sends: {
      filesList: BULK,
      filesSend: BULK,
      filesReceive: BULK,
      filesExpected: BULK,
      filesPause: BULK,
      filesStop: BULK,
      fileWatch: BULK,
      fileUnwatch: BULK,
    },
  },
  (context) => new Files(context),
);
