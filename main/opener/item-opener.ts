/** Opens what the host's file manager, its browser or a start of the application names: nobody waits for it. */
import path from "node:path";
import type { ShownItem } from "#shared/ipc/open.ts";
import { AppError, type ErrorCode, toErrorValue } from "#shared/model/app-error.ts";
import type { LaunchItem } from "#shared/model/launch-item.ts";
import type { Page } from "../ipc/page.ts";
import { HOST } from "../policy/crossing.ts";
import { hostFile } from "./host-file.ts";
import { fileItem, linkItem, type OpenItem } from "./item.ts";
import type { Opener } from "./opener.ts";
import { tellFailure } from "./tell-failure.ts";

/** So many at once: each may be a VM that starts. */
const AT_ONCE = 2;
/** After one of these the others would end alike. */
const ENDS_ALL: readonly ErrorCode[] = ["disposable.too-many", "disposable.no-memory"];

interface Parts {
  opener: Pick<Opener, "open">;
  page: Page;
}

export class ItemOpener {
  readonly #parts: Parts;
  #waiting: LaunchItem[] = [];
  #running = 0;
  #over: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Resolves when all that waited was opened, or has failed, which the person is told. */
  async open(items: readonly LaunchItem[]): Promise<void> {
    this.#waiting.push(...items);
    const workers: Promise<void>[] = [];
    // A worker takes its first one at once.
    while (this.#running < AT_ONCE && this.#waiting.length > 0) {
      this.#running += 1;
      workers.push(this.#work().finally(() => (this.#running -= 1)));
    }
    this.#over = Promise.all([this.#over, ...workers]);
    await this.#over;
  }

  async #work(): Promise<void> {
    for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
      try {
        await this.#openOne(item);
      } catch (error) {
        tellFailure(this.#parts.page, shown(item), HOST, this.#withTheRest(error));
      }
    }
  }

  async #openOne(launched: LaunchItem): Promise<void> {
    const item: OpenItem =
      launched.kind === "url" ? linkItem(launched.url) : fileItem(Buffer.from(await hostFile(launched.path)));
    await this.#parts.opener.open({ item, from: null, in: null, edit: false, wanted: null });
  }

  /** What is opened with others that would fail alike fails once for all. */
  #withTheRest(error: unknown): unknown {
    const { code, message } = toErrorValue(error);
    const left = this.#waiting.length;
    if (left === 0 || !ENDS_ALL.includes(code)) return error;
    this.#waiting = [];
    return new AppError(code, `${message} ${left} more were not opened.`);
  }
}

function shown(item: LaunchItem): ShownItem {
  if (item.kind === "url") return item;
  return { kind: "file", name: path.basename(item.path), type: null };
}
