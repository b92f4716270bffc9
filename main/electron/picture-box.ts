/**
 * The box for pictures as a hidden page of Electron's: sandboxed, with a session of its own, without network, files, or any
 * page but an empty one. One box takes one picture (preload/picture.ts) and ends.
 */
import { BrowserWindow, MessageChannelMain, type MessagePortMain, type Session, session } from "electron";
import path from "node:path";
import { parseShownPicture, PICTURE_PORTS, type ShownPicture } from "#shared/model/picture.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { log } from "../base/log.ts";
import type { OpenBox, PictureBox } from "../clipboard/picture-box.ts";

const EMPTY_PAGE =
  "data:text/html," +
  encodeURIComponent(
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src blob:"><title>Atoll: picture</title>`,
  );

interface Box {
  window: BrowserWindow;
  /** Resolves with whether its page is there. */
  opened: Promise<boolean>;
  end(): void;
}

export class PictureBoxes implements PictureBox {
  /** Sessions that no box has. Electron keeps a session as long as it runs, so that they are used again. */
  readonly #free: Session[] = [];
  #sessions = 0;
  /** Has seen nothing yet. */
  #spare: Box | null = null;

  prepare(): void {
    this.#spare ??= this.#open();
  }

  open(...[source, shown]: Parameters<PictureBox["open"]>): OpenBox {
    this.prepare();
    const box = this.#spare;
    this.#spare = null;
    const [from, to] = [new MessageChannelMain(), new MessageChannelMain()];
    const looked = shown === null ? [] : [shownTo(shown)];
    source(from.port1);
    void box?.opened.then((isOpen) => {
      const ports = [from.port2, to.port2, ...looked];
      if (isOpen && !box.window.isDestroyed()) return box.window.webContents.postMessage(PICTURE_PORTS, null, ports);
      for (const port of ports) port.close();
    });
    return {
      deliver: (target) => target(to.port1),
      end: () => box?.end(),
    };
  }

  #open(): Box {
    const own = this.#free.pop() ?? isolated(session.fromPartition(`picture-${this.#sessions++}`, { cache: false }));
    const window = new BrowserWindow({
      show: false,
      width: 100,
      height: 100,
      webPreferences: {
        session: own,
        preload: path.join(import.meta.dirname, "../preload/picture.cjs"),
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webviewTag: false,
        webgl: false,
        plugins: false,
        spellcheck: false,
        backgroundThrottling: false,
      },
    });
    const { webContents } = window;
    webContents.setWindowOpenHandler(() => ({ action: "deny" }));
    webContents.on("will-navigate", (event) => event.preventDefault());
    webContents.setWebRTCIPHandlingPolicy("disable_non_proxied_udp");
    const end = (): void => {
      if (!window.isDestroyed()) window.destroy();
    };
    window.once("closed", () => {
      this.#free.push(own);
      if (this.#spare?.window === window) this.#spare = null;
    });
    webContents.once("render-process-gone", (_event, { reason }) => {
      log(`the box of a picture ended (${reason})`);
      end();
    });
    const opened = webContents.loadURL(EMPTY_PAGE).then(
      () => true,
      (error: unknown) => {
        log(`the box of a picture does not open: ${messageOf(error)}`);
        end();
        return false;
      },
    );
    return { window, opened, end };
  }
}

/** The box's end of a channel by which it says what its picture looks like, once. */
function shownTo(shown: (picture: ShownPicture) => void): MessagePortMain {
  const { port1, port2 } = new MessageChannelMain();
  port1.once("message", ({ data }) => {
    const picture = parseShownPicture(data);
    if (picture !== null) shown(picture);
    port1.close();
  });
  port1.start();
  return port2;
}

/** Nothing can be loaded or asked for in it, for as long as it is there: once is enough. */
function isolated(own: Session): Session {
  own.webRequest.onBeforeRequest(({ url }, answer) =>
    answer({ cancel: url !== EMPTY_PAGE && !url.startsWith("blob:") }),
  );
  own.enableNetworkEmulation({ offline: true });
  own.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  own.setPermissionCheckHandler(() => false);
  own.on("will-download", (event) => event.preventDefault());
  return own;
}
