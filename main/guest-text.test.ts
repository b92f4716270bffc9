/**
 * Text of guests and of packages, by every way by which it gets to the page, to a terminal or to the log: no control character
 * comes through, and nothing that hides or turns text.
 */
import { create } from "@bufbuild/protobuf";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AppError } from "#shared/model/app-error.ts";
import { scanAnswer } from "#shared/model/scan.ts";
import { AppSchema, FileReason, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeHeader } from "#shared/protocol/header.ts";
import { buildFailure } from "../images/builder/build-failure.ts";
import { ProgressReader } from "../images/builder/progress.ts";
import { log, logTo } from "./base/log.ts";
import { print, printError, table } from "./control/cli/output.ts";
import { TerminalText } from "./control/cli/terminal-text.ts";
import { Dispatcher } from "./ipc/dispatcher.ts";
import { cliCaller } from "./ipc/testing/checked.ts";
import { APPS } from "./link/contracts/apps.ts";
import { EXECS } from "./link/contracts/execs.ts";
import { FILES } from "./link/contracts/files.ts";
import { LAUNCHES } from "./link/contracts/launches.ts";
import { SURFACES } from "./link/contracts/surfaces.ts";
import { ServiceHost } from "./link/testing/service-host.ts";
import { jobTests } from "./services/service-tests.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
} from "./vms/testing/scripted-vm.ts";
import { Vm } from "./vms/vm.ts";

/** It sets the clipboard, asks for the title as if typed, turns text, hides it, and begins a line of its own. */
const HOSTILE =
  "[home]\x1b]52;c;aGk=\x07\x1b[21t\u009b31m\u202Egpj.\u2066exe\u2069\u200b\u2028\u{E0041}\r\n2026 forged line";
const LINE = HOSTILE.replaceAll(/[\r\n]/gu, "");
/** What a terminal may have are tabs and ends of lines. */
const CONTROL = /[^\P{C}\t\n]|[\p{Zl}\p{Zp}]/u;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** All texts in a value, with those that are lines of their own. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

function inLink<Result>(said: (host: ServiceHost) => Result): Result {
  const host = new ServiceHost();
  const result = said(host);
  host.close();
  return result;
}

/** The log and the status of a VM to which this happens. */
async function inMain(happens: (machine: ScriptedMachine, link: ScriptedLink) => void): Promise<unknown[]> {
  const [machine, links, logged] = [new ScriptedMachine(), [] as ScriptedLink[], [] as string[]];
  const context = {
    ...scriptedContext(links),
    driver: scriptedDriver(machine),
    log: (line: string) => void logged.push(line),
  };
  const vm = new Vm(scriptedDefinition("test"), context);
  await vm.start();
  links[0]?.says(HELLO);
  happens(machine, links[0] ?? expect.unreachable());
  return [...logged, vm.status];
}

const APP = { id: HOSTILE, name: HOSTILE, mimeTypes: [HOSTILE], categories: [HOSTILE] };
const WINDOW = { surface: 1, kind: Kind.WAYLAND, title: HOSTILE, appId: HOSTILE };

const SCANNED = {
  sha256: "0".repeat(64),
  bytes: 1,
  engine: { name: HOSTILE, version: HOSTILE.slice(0, 60), signatures: HOSTILE.slice(0, 60) },
  verdict: "found",
  signature: HOSTILE,
  reason: HOSTILE,
};
const JOB = { name: "a test", input: 1, output: 2 };

describe("nothing of it comes through that a line cannot have", () => {
  it.each<[string, () => unknown]>([
    [
      "title and application of a window",
      () =>
        inLink((host) => {
          host.say("windowOpened", WINDOW);
          return host.eventsOf(SURFACES);
        }),
    ],
    [
      "a title that changes",
      () =>
        inLink((host) => {
          host.say("windowOpened", { ...WINDOW, title: "" });
          host.say("windowChanged", { surface: 1, title: HOSTILE, appId: HOSTILE });
          vi.advanceTimersByTime(1_000);
          return host.eventsOf(SURFACES);
        }),
    ],
    [
      "the list of applications",
      () =>
        inLink((host) => {
          host.order(APPS, { request: 1 });
          host.say("apps", { request: 1, apps: [create(AppSchema, APP)], last: true });
          return host.eventsOf(APPS);
        }),
    ],
    [
      "why a program was not started",
      () =>
        inLink((host) => {
          host.order(LAUNCHES, { request: 1, appId: null, argv: ["x"], files: [] });
          host.say("requestFailed", { request: 1, detail: HOSTILE });
          return host.eventsOf(LAUNCHES);
        }),
    ],
    [
      "why a command was not run",
      () =>
        inLink((host) => {
          host.order(EXECS, { type: "start", exec: 1, argv: ["x"], tty: null });
          host.say("execFailed", { exec: 1, detail: HOSTILE });
          return host.eventsOf(EXECS).filter(({ type }) => type === "failed");
        }),
    ],
    [
      "how a transfer of files ended",
      () =>
        inLink((host) => {
          host.order(FILES, { type: "list", transfer: 1, what: { paths: [] } });
          host.say("filesEnded", { transfer: 1, reason: FileReason.GONE, detail: HOSTILE });
          return host.eventsOf(FILES);
        }),
    ],
    ["what an engine says of a file", () => scanAnswer.parse(SCANNED)],
    ["what a service answers to the job of a test", () => jobTests({ tests: [JOB] }, () => Promise.resolve([HOSTILE]))],
    [
      "a panic's words",
      () => inMain((machine) => machine.emit("ended", { reason: "guest-panic", detail: `first\n${LINE}` })),
    ],
    [
      "the last words of a QEMU",
      () => inMain((machine) => machine.emit("ended", { reason: "machine-exited", detail: LINE })),
    ],
    ["a package that there is not", () => failureWords(`E: Unable to locate package ${LINE.replace(/\s/gu, "")}`)],
    ["the output of a build that failed", () => failureWords(`dpkg: error: ${HOSTILE}`)],
    ["the progress of a build", () => progressOf(LINE.replace(/\s/gu, ""))],
    ["the name of a request", () => Dispatcher.of({}, {}).dispatch(cliCaller(), HOSTILE, {})],
  ])("%s", async (_way, outcome) => {
    const said = texts(await outcome());
    // It has come through, so it is looked at.
    expect(said.join()).toContain("gpj");
    for (const text of said) expect(text).not.toMatch(new RegExp(`${CONTROL.source}|[\\n\\t]`, "u"));
  });
});

/** A violation is said with numbers and names of the protocol. */
it("what a guest is cut off for holds no text of it", () => {
  const much = HOSTILE.repeat(5_000);
  const headers = [
    encodeHeader("windowOpened", { ...WINDOW, title: much }),
    encodeHeader("windowOpened", { ...WINDOW, appId: much }),
    encodeHeader("apps", { request: 1, apps: [create(AppSchema, { ...APP, name: much })], last: true }),
    encodeHeader("requestFailed", { request: 2, detail: much }),
    encodeHeader("cursorChanged", { cursor: { case: "shape", value: HOSTILE } }),
    encodeHeader("hello", { agent: HOSTILE }),
    new TextEncoder().encode(HOSTILE),
  ];
  for (const header of headers) {
    const result = inLink((host) => {
      host.order(APPS, { request: 1 });
      host.order(LAUNCHES, { request: 2, appId: null, argv: ["x"], files: [] });
      return host.session.accept("control", header, new Uint8Array(0));
    });
    expect(result.kind).toBe("violation");
    expect(texts(result).join()).not.toMatch(/gpj|forged/);
  }
});

describe("at a terminal and in the log", () => {
  it.each<[string, (json: boolean) => void]>([
    ["results", (json) => print([HOSTILE], json, () => table([HOSTILE], [[HOSTILE]], ""))],
    ["errors", (json) => printError(new AppError("internal", HOSTILE, { detail: HOSTILE }), json)],
  ])("%s, in words and in JSON", (_what, write) => {
    for (const json of [false, true]) {
      const written: string[] = [];
      for (const stream of [process.stdout, process.stderr])
        vi.spyOn(stream, "write").mockImplementation((text) => written.push(String(text)) > 0);
      write(json);
      vi.restoreAllMocks();
      expect(written.join("")).not.toMatch(CONTROL);
      expect(written.join()).toContain("gpj");
      if (json) expect(texts(JSON.parse(written.join("")))).toContain(HOSTILE);
    }
  });

  it("what a command writes", () => {
    const text = new TerminalText();
    expect(text.shown(Buffer.from(HOSTILE)) + text.rest()).not.toMatch(CONTROL);
  });

  it("lines of the log, also where somebody forgot to clean them", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-log-"));
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    logTo(folder);
    log(HOSTILE);
    expect(written.mock.calls.join("")).not.toMatch(CONTROL);
    expect(fs.readFileSync(path.join(folder, "atoll.log"), "utf8")).not.toMatch(CONTROL);
    fs.rmSync(folder, { recursive: true });
  });
});

function failureWords(...said: string[]): unknown {
  const { message, details } = buildFailure({ template: "mine", exitCode: 25, lines: said, logFile: "/log" });
  return { message, details };
}

function progressOf(name: string): unknown {
  const reader = new ProgressReader();
  const lines = ["I: downloading packages", "0 upgraded, 2 newly installed", `Setting up ${name} (1)`];
  return lines.map((line) => reader.read(line));
}
