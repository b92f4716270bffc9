/**
 * Safe copies of documents: a service renders a document in its VM, which has no network, has met no other document and is gone
 * afterwards. What comes of it are sizes and pixels, of which the VM that gets the copy makes a plain PDF.
 */
import { messageOf } from "#shared/model/app-error.ts";
import { FILE_REASON_WORDS } from "#shared/model/transfer.ts";
import type { ListedFile } from "#shared/protocol/files.ts";
import { log } from "../base/log.ts";
import { carryFiles } from "../files/carry.ts";
import { HostFiles, type HostFilesOptions, reachOfSource } from "../files/host-files.ts";
import { nameOfEnd } from "../files/parties.ts";
import type { FilesSource } from "../files/transfer.ts";
import { Turns } from "../files/turns.ts";
import type { ServiceUnit } from "../services/service-unit.ts";
import type { Vm } from "../vms/vm.ts";
import type { SafeCopy } from "./pages-output.ts";
import { noSafeCopy, render } from "./render.ts";

const BUILT_IN = "sanitizer";
/** Of a document. */
const MAX_BYTES = 256 * 1024 ** 2;
/** In the service's VM. */
const FOLDER = "/home/user/given";
const FILE = "document";
const PROGRAM_FOLDER = "/run/atoll/service";
/** One VM renders one document at a time. */
const AT_ONCE = 1;

export type SafeCopyStep = { kind: "starting" | "sending"; vm: string } | { kind: "page"; page: number; of: number };

export interface SafeCopyRequest {
  /** Of one document. */
  source: FilesSource;
  /** Who gets the copy; it runs. */
  to: Vm;
  /** Of the document, where that is in `to`: the copy comes beside it. Relative: below the user's home. */
  path: Uint8Array;
  /** Why so many bytes may not go to the service, for people; null: they may. */
  admits: (bytes: number) => string | null;
}

export interface SafeCopyOptions {
  signal?: AbortSignal | undefined;
  progress?: ((step: SafeCopyStep) => void) | undefined;
}

interface Parts {
  services: { readonly units: readonly ServiceUnit[]; readonly opened: Promise<void> };
  host: HostFilesOptions;
}

export class SafeCopies {
  readonly #parts: Parts;
  readonly #turns = new Turns(AT_ONCE);
  /** They were started after the last document, for the next one. */
  readonly #fresh = new WeakSet<ServiceUnit>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when it is known which services there are: until then none can be made. */
  get known(): Promise<void> {
    return this.#parts.services.opened;
  }

  /** Whether a service for it is installed. */
  get canBeMade(): boolean {
    return this.#unit !== undefined;
  }

  /** @throws AppError open.no-safe-copy, service.*, template.*, vm.*, transfer.failed, exec.*; the reason of `signal` */
  async make(request: SafeCopyRequest, { signal, progress }: SafeCopyOptions = {}): Promise<SafeCopy> {
    const endTurn = await this.#turns.take([request.to.id], signal ?? new AbortController().signal);
    try {
      signal?.throwIfAborted();
      const unit = this.#unit;
      if (unit === undefined) throw noSafeCopy("no service that makes them is installed");
      return await this.#with(
        unit,
        async () => {
          progress?.({ kind: "sending", vm: unit.vm.definition.name });
          await this.#send(unit, request, signal);
          return render({
            from: unit.vm,
            argv: [`${PROGRAM_FOLDER}/${unit.manifest.program.command}`, "render", `${FOLDER}/${FILE}`],
            to: request.to,
            path: request.path,
            signal,
            onPage: (page, of) => progress?.({ kind: "page", page, of }),
          });
        },
        progress,
      );
    } finally {
      endTurn();
    }
  }

  /** One that a person has installed, before the one that comes with Atoll. */
  get #unit(): ServiceUnit | undefined {
    const able = this.#parts.services.units.filter(
      ({ manifest }) => manifest.rights.host.includes("documents") && manifest.startsFresh,
    );
    return able.find(({ manifest }) => manifest.name !== BUILT_IN) ?? able[0];
  }

  /** With a VM that has had no document; it ends afterwards. */
  async #with<Result>(
    unit: ServiceUnit,
    work: () => Promise<Result>,
    progress: SafeCopyOptions["progress"],
  ): Promise<Result> {
    const isKeptReady = unit.isWanted;
    if (!this.#fresh.has(unit) && (isKeptReady || unit.vm.isOn)) await unit.stop();
    this.#fresh.delete(unit);
    try {
      if (!unit.isHealthy) progress?.({ kind: "starting", vm: unit.vm.definition.name });
      await unit.start();
      return await work();
    } finally {
      const failed = (error: unknown): void => log(`service "${unit.manifest.name}": ${messageOf(error)}`);
      // A person may have stopped it meanwhile, who does not want it back.
      const isReadyNext = isKeptReady && unit.isWanted;
      // What has become of the document does not hang on this: a VM that does not end now is ended before the next one.
      const isGone = await unit.stop().then(
        () => true,
        (error: unknown) => {
          failed(error);
          return false;
        },
      );
      if (isReadyNext && isGone) {
        this.#fresh.add(unit);
        unit.start().catch(failed);
      }
    }
  }

  async #send(unit: ServiceUnit, { source, admits }: SafeCopyRequest, signal: AbortSignal | undefined): Promise<void> {
    unit.by("documents").use();
    const { party } = source;
    const what = "paths" in source ? { paths: source.paths } : { wanted: source.wanted };
    const host =
      party.kind === "host" && "paths" in source ? new HostFiles(this.#parts.host, reachOfSource(source)) : null;
    const end = party.kind === "vm" ? party.vm : host;
    if (end === null) throw noSafeCopy("this computer has no such file");
    try {
      const from = { end, name: nameOfEnd(party), what };
      const carrying = {
        from,
        to: unit.vm,
        into: FOLDER,
        admit: (listed: readonly ListedFile[]) => [one(listed, admits)],
      };
      const came = await carryFiles(signal === undefined ? carrying : { ...carrying, signal });
      if (!came) throw noSafeCopy("it is not a file that can be read");
    } finally {
      host?.end();
    }
  }
}

/** The document, by a name of Atoll's. @throws AppError open.no-safe-copy */
function one(listed: readonly ListedFile[], admits: SafeCopyRequest["admits"]): ListedFile {
  const [file, second] = listed;
  if (file === undefined || second !== undefined || file.kind !== "file") throw noSafeCopy("it is no single file");
  if (file.reason !== null) throw noSafeCopy(`it ${FILE_REASON_WORDS[file.reason]}`);
  if (file.size > MAX_BYTES) throw noSafeCopy(`it has more than ${MAX_BYTES / 1024 ** 2} MiB`);
  const refusal = admits(file.size);
  if (refusal !== null) throw noSafeCopy(refusal);
  return { ...file, path: Buffer.from(FILE), executable: false };
}
