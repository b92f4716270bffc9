/** `atoll exec`: the guest command's streams, and its exit code. */
import os from "node:os";
import { AppError, fromErrorValue, messageOf } from "#shared/model/app-error.ts";
import type { ControlClient } from "./client.ts";
import { TerminalText } from "./terminal-text.ts";

/** Signals of ours that go to the guest's command. */
const FORWARDED: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
const INPUT_CHUNK_BYTES = 48 * 1024;

/** What a command is connected to: our own streams. */
export type Streams = Pick<NodeJS.Process, "stdin" | "stdout" | "stderr">;

export interface ExecOptions {
  /** The command has a terminal, and ours obeys it. */
  tty?: boolean;
  /** Its bytes go to our terminal as they are. */
  raw?: boolean;
  /** Seconds to wait for the person's answer, where the policy asks. */
  ask?: number;
}

/**
 * Resolves with the exit code; rejects with AppError what Atoll itself has to say. The streams are byte for byte the command's,
 * but a terminal of ours obeys the guest only where a person wants it.
 */
export async function exec(
  client: ControlClient,
  vm: string,
  argv: string[],
  { tty: wantsTty = false, raw = false, ask }: ExecOptions = {},
  { stdin, stdout, stderr }: Streams = process,
): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    client.on("exec.exited", ({ code, signal }) => resolve(signal === 0 ? code : 128 + signal));
    client.on("exec.failed", (error) => reject(fromErrorValue(error)));
    client.onClose(() => reject(new Error("Atoll ended while the command ran.")));
    for (const [name, stream] of Object.entries({ output: stdout, error: stderr })) {
      stream.on("error", (cause: NodeJS.ErrnoException) => {
        // A reader that has gone away ends us as it would the command: without words.
        if (cause.code === "EPIPE") resolve(128 + os.constants.signals.SIGPIPE);
        else reject(unusable(`standard ${name} cannot be written`, cause));
      });
    }
  });
  ended.catch(() => undefined); // looked at below, after exec.start
  const written: Promise<void>[] = [];
  const outputs = { stdout: output(stdout, wantsTty || raw), stderr: output(stderr, wantsTty || raw) };
  client.on("exec.output", ({ stream, data }) => {
    const bytes = Buffer.from(data, "base64");
    const done = outputs[stream].write(bytes).then(() => client.notify("exec.grant", { stream, bytes: bytes.length }));
    written.push(done);
  });
  const tty = wantsTty ? terminal() : null;
  await client.call("exec.start", { vm, argv, tty, ...(ask === undefined ? {} : { askS: ask }) });
  for (const name of FORWARDED)
    process.on(name, () => client.notify("exec.signal", { signal: os.constants.signals[name] }));
  const restore = tty === null ? () => undefined : rawTerminal(client);
  void pumpInput(client, stdin, stderr);
  try {
    const code = await ended;
    await Promise.all(written);
    await Promise.all(Object.values(outputs).map(({ end }) => end()));
    return code;
  } finally {
    restore();
  }
}

/** The command's input ends when ours does, also where ours cannot be read any more: it would wait for ever. */
async function pumpInput(client: ControlClient, stdin: Streams["stdin"], stderr: Streams["stderr"]): Promise<void> {
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += INPUT_CHUNK_BYTES) {
        await client.call("exec.write", { data: chunk.subarray(at, at + INPUT_CHUNK_BYTES).toString("base64") });
      }
    }
  } catch (error) {
    // Without a system call it is the command, which ended without reading everything, as `head` does: its exit code says how.
    if ((error as NodeJS.ErrnoException).syscall !== undefined)
      stderr.write(`atoll: ${unusable("standard input cannot be read", error).message}\n`);
  }
  client.notify("exec.endInput", {});
}

interface Output {
  write: (untrustedBytes: Buffer) => Promise<void>;
  /** To be called after the last bytes. */
  end: () => Promise<void>;
}

/** @param isRaw whether a terminal gets the bytes as they are */
function output(stream: NodeJS.WriteStream, isRaw: boolean): Output {
  if (isRaw || !stream.isTTY) return { write: (bytes) => write(stream, bytes), end: () => Promise.resolve() };
  const text = new TerminalText();
  return {
    write: (untrustedBytes) => write(stream, text.shown(untrustedBytes)),
    end: () => write(stream, text.rest()),
  };
}

/** Resolves when the stream has taken it, or will take nothing any more. */
function write(stream: NodeJS.WriteStream, data: Buffer | string): Promise<void> {
  return new Promise((resolve) => stream.write(data, () => resolve()));
}

function unusable(what: string, cause: unknown): AppError {
  const words = messageOf(cause);
  return new AppError("exec.failed", `The command's ${what}: ${words}.`, {}, { cause });
}

function terminal(): { columns: number; rows: number; term: string } {
  return {
    columns: process.stdout.columns ?? 80,
    rows: process.stdout.rows ?? 24,
    term: process.env["TERM"] ?? "xterm-256color",
  };
}

function rawTerminal(client: ControlClient): () => void {
  const resize = (): void =>
    client.notify("exec.resize", { columns: process.stdout.columns, rows: process.stdout.rows });
  process.stdout.on("resize", resize);
  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  return () => {
    process.stdout.off("resize", resize);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };
}
