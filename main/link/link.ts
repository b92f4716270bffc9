/**
 * The host's end of one agent: three ports in, typed events out. Runs in a process of its own, which holds nothing of
 * another VM; the first breach of the protocol closes this VM's channels and nothing else.
 */
import { randomBytes } from "node:crypto";
import type { FrameMessage, LinkCommand, PixelCommand, SurfaceEvent } from "#shared/ipc/link-port.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { PORTS, type PortName } from "#shared/protocol/directions.ts";
import type { RawMessage } from "#shared/protocol/framing.ts";
import { ExecStream, KeyState } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "#shared/protocol/header.ts";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { EPOCH_BYTES, MAX_EXECS, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { PROTOCOL_MAJOR, Session, type SessionEvent } from "#shared/protocol/session.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import { log } from "../base/log.ts";
import type { FromLink, ToLink, WindowEvent } from "./contract.ts";
import { ExecInput } from "./exec-input.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type MessagePortLike, PagePorts } from "./page-ports.ts";
import { PortChannel } from "./port-channel.ts";
import { Quotas } from "./quotas.ts";
import { SurfaceFeed } from "./surface-feed.ts";
import { SurfaceMirror } from "./surface-mirror.ts";

/** Above this many unread bytes on `control` the guest does not listen: motions are dropped, the newest will come. */
const MAX_QUEUED_FOR_MOTION_BYTES = 16 * 1024;
/** Above this the agent is lost: nothing we say reaches it. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;
/** Main shows titles in lists: it need not know every one of them at once. */
const MAIN_WINDOW_MS = 100;
/** An exec's first credit for each output stream; more follows what the reader took. */
const FIRST_OUTPUT_CREDIT_BYTES = MAX_STREAM_CREDIT_BYTES / 4;

type OpenMessage = Extract<ToLink, { type: "open" }>;

export class Link {
  readonly #options: OpenMessage;
  readonly #tell: (message: FromLink) => void;
  readonly #session = new Session();
  readonly #mirror = new SurfaceMirror();
  readonly #channels: Record<PortName, PortChannel>;
  readonly #quotas = new Quotas();
  readonly #heartbeat: Heartbeat;
  readonly #input: ExecInput;
  readonly #painted = new Set<number>();
  /** Surfaces that the present page has given a credit for, and the last picture of each that had begun before. */
  readonly #awaited = new Map<number, number>();
  /** Main takes a few events from each VM in a window of time, and need not be waited for. */
  readonly #toMain = new SurfaceFeed<WindowEvent>(MAIN_WINDOW_MS, {
    send: (event) => this.#tell({ type: "surface", event }),
    mark: () => this.#toMain.reached(),
  });
  #page: PagePorts | null = null;
  #isClosed = false;

  constructor(options: OpenMessage, tell: (message: FromLink) => void) {
    this.#options = options;
    this.#tell = tell;
    const epoch = randomBytes(EPOCH_BYTES);
    const open = (port: PortName): PortChannel =>
      new PortChannel(options.sockets[port], epoch, {
        opened: () => this.#portOpened(),
        message: (message) => this.#received(port, message),
        violated: (violation) => this.#violated(violation),
        lost: (cause) => this.#close("agent-lost", `${port}: ${cause}`),
      });
    this.#channels = { control: open("control"), frames: open("frames"), bulk: open("bulk") };
    this.#heartbeat = new Heartbeat({
      ping: (nonce) => {
        this.#session.expectPong(nonce);
        this.#send("control", "ping", { nonce });
      },
      changed: (isResponsive) => tell({ type: "responsive", isResponsive }),
    });
    this.#input = new ExecInput({
      take: (exec, bytes) => this.#session.execs.takeStdin(exec, bytes),
      send: (exec, bytes) => {
        this.#send("bulk", "execData", { exec, stream: ExecStream.STDIN }, bytes);
        tell({ type: "execInputTaken", exec, bytes: bytes.length });
      },
      end: (exec) => this.#send("bulk", "execEnd", { exec, stream: ExecStream.STDIN }),
    });
  }

  /** An order of main. `ports` come with `attachPage`. */
  handle(message: Exclude<ToLink, OpenMessage>, ports: readonly MessagePortLike[]): void {
    if (this.#isClosed) return;
    switch (message.type) {
      case "attachPage":
        return this.#attachPage(ports);
      case "command":
        return this.#command(message.command);
      case "launch":
        if (!this.#session.isOpen) return;
        this.#session.expect("launch", message.request);
        return this.#send("control", "launch", {
          request: message.request,
          appId: message.appId ?? "",
          argv: message.argv,
          files: message.files,
        });
      case "listApps":
        if (!this.#session.isOpen) return;
        this.#session.expect("apps", message.request);
        return this.#send("control", "listApps", { request: message.request });
      case "execStart":
        return this.#execStart(message);
      case "execInput":
        return this.#input.write(message.exec, message.bytes);
      case "execInputEnd":
        return this.#input.finish(message.exec);
      case "execCredit":
        return this.#grantOutput(message.exec, message.stream, message.bytes);
      case "execSignal":
        if (this.#session.execs.isOpen(message.exec))
          this.#send("bulk", "execSignal", { exec: message.exec, signal: message.signal });
        return;
      case "execResize":
        if (this.#session.execs.isOpen(message.exec)) {
          this.#send("bulk", "execResize", { exec: message.exec, columns: message.columns, rows: message.rows });
        }
        return;
      case "powerOff":
        return this.#send("control", "powerOff", {});
      case "paused":
        return this.#heartbeat.suspend(message.isPaused);
      case "close":
        return this.#close("stopped", "");
    }
  }

  #portOpened(): void {
    if (PORTS.every((name) => this.#channels[name].isOpen)) this.#tell({ type: "opened" });
  }

  // ---- guest -> host ---------------------------------------------------------------------------------------

  #received(port: PortName, message: RawMessage): void {
    const excess = this.#quotas.received(port, message);
    if (excess !== null) return this.#violated(excess);
    const result = this.#session.accept(port, message.header, message.payload);
    const violation = result.kind === "violation" ? result.violation : this.#quotas.accepted(result);
    if (violation !== null) this.#violated(violation);
    else if (result.kind === "event") this.#happened(result.event);
  }

  #happened(event: SessionEvent): void {
    switch (event.type) {
      case "frame":
        if (event.last && !this.#painted.has(event.surface)) {
          this.#painted.add(event.surface);
          this.#tell({ type: "painted", surface: event.surface });
        }
        return this.#picture(event);
      case "surface":
        return this.#surface(event.event);
      case "retired":
        this.#mirror.retire(event.surfaces);
        this.#surface(event.event, event.surfaces);
        for (const surface of event.surfaces) {
          this.#painted.delete(surface);
          this.#awaited.delete(surface);
          this.#page?.pixels({ type: "retired", surface });
        }
        return;
      case "hello":
        this.#send("control", "welcome", {
          major: PROTOCOL_MAJOR,
          minor: event.minor,
          output: this.#options.output,
          keymap: this.#options.keymap,
        });
        this.#heartbeat.start();
        this.#tell({ type: "hello", agent: event.agent, features: event.features });
        return this.#page?.event({ type: "attached" });
      case "pong":
        return this.#heartbeat.answered(event.nonce);
      case "launched":
      case "requestFailed":
      case "apps":
        return this.#tell(event);
      case "appsChanged":
        // Lists are asked for when they are shown.
        return;
      default:
        return this.#exec(event);
    }
  }

  /** A page that came later has no canvas yet for what an earlier one gave credit for, and no first part of what began then. */
  #picture(frame: FrameMessage): void {
    const before = this.#awaited.get(frame.surface);
    if (before !== undefined && frame.serial > before) this.#page?.pixels(frame);
  }

  #surface(event: SurfaceEvent, retired: readonly SurfaceId[] = []): void {
    this.#mirror.take(event);
    this.#page?.surface(event, retired);
    if (event.type === "windowOpened" || event.type === "windowChanged" || event.type === "surfaceClosed")
      this.#toMain.take(event, retired);
  }

  #exec(event: Extract<SessionEvent, { exec: number }>): void {
    if (event.type === "execStarted") {
      this.#grantOutput(event.exec, "stdout", FIRST_OUTPUT_CREDIT_BYTES);
      this.#grantOutput(event.exec, "stderr", FIRST_OUTPUT_CREDIT_BYTES);
    } else if (event.type === "execCredit") {
      this.#input.pump(event.exec);
    } else if (event.type === "execExited" || event.type === "execFailed") {
      this.#input.forget(event.exec);
    }
    this.#tell({ type: "exec", event });
  }

  // ---- host -> guest ---------------------------------------------------------------------------------------

  #send<Name extends WireMessageName>(
    port: PortName,
    name: Name,
    value: WireMessageInit<Name>,
    payload?: Uint8Array,
  ): void {
    const channel = this.#channels[port];
    if (channel.queuedBytes > MAX_QUEUED_BYTES) return this.#close("agent-lost", `${port}: the guest does not read`);
    channel.write(encodeMessage(encodeHeader(name, value), payload));
  }

  #command(command: LinkCommand): void {
    if (!this.#session.isOpen) return;
    switch (command.type) {
      case "configure": {
        const { type: _, ...configure } = command;
        if (this.#session.surfaces.find(command.surface)?.role === "window")
          this.#send("control", "configure", configure);
        return;
      }
      case "close":
        if (this.#isLive(command.surface)) this.#send("control", "closeRequested", { surface: command.surface });
        return;
      case "dismissPopup":
        if (this.#isLive(command.surface)) this.#send("control", "popupDismissed", { surface: command.surface });
        return;
      case "refresh":
        if (this.#isLive(command.surface)) this.#send("control", "refresh", { surface: command.surface });
        return;
      case "keyboardFocus":
        if (command.surface === null || this.#isLive(command.surface)) {
          this.#send("control", "keyboardFocus", { surface: command.surface ?? 0 });
        }
        return;
      case "key":
        return this.#send("control", "key", {
          code: command.code,
          state: KEY_STATES[command.state],
          timeMs: command.timeMs,
        });
      case "pointerMotion":
        if (!this.#isLive(command.surface) || this.#channels.control.queuedBytes > MAX_QUEUED_FOR_MOTION_BYTES) return;
        return this.#send("control", "pointerMotion", {
          surface: command.surface,
          x256: command.xFixed,
          y256: command.yFixed,
          timeMs: command.timeMs,
        });
      case "pointerLeft":
        return this.#send("control", "pointerLeft", {});
      case "pointerButton":
        return this.#send("control", "pointerButton", {
          button: command.button,
          pressed: command.pressed,
          timeMs: command.timeMs,
        });
      case "pointerAxis": {
        const { type: _, xFixed, yFixed, ...axis } = command;
        return this.#send("control", "pointerAxis", { ...axis, x256: xFixed, y256: yFixed });
      }
      case "output": {
        const { type: _, ...output } = command;
        return this.#send("control", "outputChanged", { output });
      }
    }
  }

  #isLive(surface: number): boolean {
    return this.#session.surfaces.find(surface) !== undefined;
  }

  #pixelCommand(command: PixelCommand): void {
    if (command.type === "violation") {
      return this.#violated({
        code: "bad-pixels",
        detail: `surface ${command.surface}: ${escapeForLog(command.detail)}`,
      });
    }
    this.#credit(command.surface, command.count, command.shownSerial);
  }

  #credit(id: number, wanted: number, shownSerial: number): void {
    const surface = this.#session.surfaces.find(id);
    if (surface === undefined) return;
    let count = wanted;
    if (!this.#awaited.has(id)) {
      this.#awaited.set(id, surface.lastSerial);
      // What is left of an earlier page's credits is this one's, and the guest has to begin anew.
      count = Math.max(0, wanted - surface.credits);
      if (surface.lastSerial > 0) this.#send("control", "refresh", { surface: id });
    }
    const granted = this.#session.surfaces.grant(id, count);
    if (granted > 0) this.#send("frames", "credit", { surface: id, count: granted, shownSerial });
  }

  #execStart(message: Extract<ToLink, { type: "execStart" }>): void {
    if (!this.#session.isOpen || this.#session.execs.isFull) {
      const detail = this.#session.isOpen ? `${MAX_EXECS} commands run in this VM already` : "the agent is not there";
      return this.#tell({ type: "exec", event: { type: "execFailed", exec: message.exec, code: "other", detail } });
    }
    this.#session.execs.open(message.exec);
    this.#input.open(message.exec);
    this.#send("bulk", "execStart", {
      exec: message.exec,
      argv: message.argv,
      tty: message.tty !== null,
      columns: message.tty?.columns ?? 0,
      rows: message.tty?.rows ?? 0,
      term: message.tty?.term ?? "",
    });
  }

  #grantOutput(exec: number, stream: "stdout" | "stderr", bytes: number): void {
    if (!this.#session.execs.grant(exec, stream, bytes)) return;
    this.#send("bulk", "execCredit", {
      exec,
      stream: stream === "stdout" ? ExecStream.STDOUT : ExecStream.STDERR,
      bytes,
    });
  }

  // ---- the page --------------------------------------------------------------------------------------------

  #attachPage(ports: readonly MessagePortLike[]): void {
    const [events, pixels] = ports;
    if (events === undefined || pixels === undefined) return;
    this.#page?.close();
    const page = new PagePorts(events, pixels, {
      command: (command) => this.#command(command),
      pixelCommand: (command) => this.#pixelCommand(command),
      refused: (what) => log(`link: refused ${escapeForLog(what, 1000)}`),
    });
    this.#page = page;
    this.#awaited.clear();
    if (!this.#session.isOpen) return;
    page.event({ type: "attached" });
    for (const event of this.#mirror.events()) page.surface(event, []);
  }

  // ---- the end ---------------------------------------------------------------------------------------------

  #violated(violation: Violation): void {
    this.#close("protocol-violation", `${violation.code}: ${violation.detail}`);
  }

  #close(reason: "protocol-violation" | "agent-lost" | "stopped", detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeat.stop();
    for (const port of PORTS) this.#channels[port].close();
    this.#page?.end({ type: "closed", reason, detail });
    this.#toMain.end();
    this.#tell({ type: "closed", reason, detail });
  }
}

const KEY_STATES = { released: KeyState.RELEASED, pressed: KeyState.PRESSED, repeated: KeyState.REPEATED } as const;
