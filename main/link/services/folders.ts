/** Folders of a guest that the desktop shows, and what a person does to files there. */
import { FoldersTable } from "#shared/protocol/folders.ts";
import { BULK } from "#shared/protocol/routes.ts";
import { FOLDERS, type FoldersEvent, type FoldersOrder } from "../contracts/folders.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

type Accepts = "folderChanged" | "fileActed";
type Sends = "folderShow" | "folderHide" | "folderSeen" | "fileAct";

class Folders implements LinkService<Accepts, FoldersOrder> {
  readonly #context: LinkContext<Sends, FoldersEvent>;
  readonly #table = new FoldersTable();

  constructor(context: LinkContext<Sends, FoldersEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<Accepts>["messages"] = {
    folderChanged: (untrusted) => {
      const change = this.#table.acceptChanged(untrusted);
      if (change !== null) this.#context.emit({ type: "changed", folder: untrusted.folder, ...change });
    },
    fileActed: (untrusted) => {
      const result = this.#table.acceptActed(untrusted);
      this.#context.emit({ type: "acted", act: untrusted.act, result });
    },
  };

  order(order: FoldersOrder): void {
    switch (order.type) {
      case "show":
        if (this.#table.show(order.folder))
          this.#context.send("folderShow", { folder: order.folder, path: order.path });
        return;
      case "hide":
        if (this.#table.hide(order.folder)) this.#context.send("folderHide", { folder: order.folder });
        return;
      case "seen":
        if (this.#table.seen(order.folder)) this.#context.send("folderSeen", { folder: order.folder });
        return;
      case "act":
        return this.#act(order);
    }
  }

  #act({ act, path, what }: Extract<FoldersOrder, { type: "act" }>): void {
    if (!this.#table.act(act)) {
      this.#context.emit({ type: "acted", act, result: { done: false, reason: "too-many" } });
      return;
    }
    switch (what.kind) {
      case "rename":
        return this.#context.send("fileAct", { act, path, what: { case: "name", value: what.name } });
      case "trash":
        return this.#context.send("fileAct", { act, path, what: { case: "trash", value: {} } });
      case "restore":
        return this.#context.send("fileAct", { act, path, what: { case: "restore", value: {} } });
    }
  }
}

export const folders = linkService(
  FOLDERS,
  {
    accepts: { folderChanged: BULK, fileActed: BULK },
    sends: { folderShow: BULK, folderHide: BULK, folderSeen: BULK, fileAct: BULK },
  },
  (context) => new Folders(context),
);
