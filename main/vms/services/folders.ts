/** Main's side of the folders of a VM that the desktop shows. */
import type { ActResult, FolderItem } from "#shared/protocol/folders.ts";
import { type FileActKind, FOLDERS, type FoldersEvent, type FoldersOrder } from "../../link/contracts/folders.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";
import { PendingRequests } from "./pending-requests.ts";

export interface FolderListener {
  /** All that is there, `more` beside it. Nothing more is reported until `seen` is called. */
  changed(items: readonly FolderItem[], more: number, seen: () => void): void;
  /** The link is gone: nothing is known of the folder any more. */
  lost(): void;
}

interface Shown {
  listener: FolderListener;
  /** By name, as latin1: any bytes. */
  items: Map<string, FolderItem>;
}

export class Folders implements ServiceClient<FoldersEvent> {
  readonly #context: ClientContext<FoldersOrder>;
  readonly #shown = new Map<number, Shown>();
  readonly #acts: PendingRequests<ActResult>;
  #lastFolder = 0;

  constructor(context: ClientContext<FoldersOrder>) {
    this.#context = context;
    this.#acts = new PendingRequests(() => context.vmName);
  }

  /** `path`: absolute, or relative to the user's home. Returns a function that ends it. @throws AppError vm.not-running */
  show(path: Uint8Array, listener: FolderListener): () => void {
    this.#lastFolder += 1;
    const folder = this.#lastFolder;
    this.#context.send({ type: "show", folder, path });
    this.#shown.set(folder, { listener, items: new Map() });
    return () => {
      if (this.#shown.delete(folder)) this.#context.sendIfLinked({ type: "hide", folder });
    };
  }

  /** `path`: absolute, or relative to the user's home. Rejects with vm.not-running, vm.timeout. */
  act(path: Uint8Array, what: FileActKind): Promise<ActResult> {
    return this.#acts.ask(
      (act) => this.#context.send({ type: "act", act, path, what }),
      () => undefined, // it may have been done: the link takes the late answer, and here nobody hears it
    );
  }

  happened(event: FoldersEvent): void {
    if (event.type === "acted") return this.#acts.answered(event.act, event.result);
    const { folder, isReset, items, removed, isLast, more } = event;
    const shown = this.#shown.get(folder);
    if (shown === undefined) return;
    if (isReset) shown.items.clear();
    for (const name of removed) shown.items.delete(keyOf(name));
    for (const item of items) shown.items.set(keyOf(item.name), item);
    if (!isLast) return;
    shown.listener.changed([...shown.items.values()], more, () => {
      if (this.#shown.has(folder)) this.#context.sendIfLinked({ type: "seen", folder });
    });
  }

  closed(): void {
    const lost = [...this.#shown.values()];
    this.#shown.clear();
    this.#acts.lost();
    for (const { listener } of lost) listener.lost();
  }
}

function keyOf(name: Uint8Array): string {
  return Buffer.from(name).toString("latin1");
}

export const folders = serviceClient(FOLDERS, (context) => new Folders(context));
