/**
 * The token that a control connection shows before its first request: a file of this start in the run folder, 0600. A program
 * that gets hold of the socket alone, as one that broke out of its VM may, is not answered.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import fs from "node:fs";
import type net from "node:net";
import path from "node:path";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import { writeFileAtomicallySync } from "../base/write-file.ts";
import type { Paths } from "../base/paths.ts";

/** Of the line that shows it: hexadecimal digits, then a line feed. */
const TOKEN_LENGTH = 64;
const LINE_LENGTH = TOKEN_LENGTH + 1;
/** How long a connection may take to show it. */
const SHOW_TIMEOUT_MS = 5_000;

const tokenFile = ({ run }: Pick<Paths, "run">): string => path.join(run, "control.token");

/** A new one, in its file. */
export function makeToken(paths: Paths): string {
  const token = randomBytes(TOKEN_LENGTH / 2).toString("hex");
  writeFileAtomicallySync(tokenFile(paths), token);
  return token;
}

export function removeToken(paths: Paths): void {
  fs.rmSync(tokenFile(paths), { force: true });
}

/** For a client that is connected. @throws AppError desktop.socket-taken: what listens has left no token, so it is not Atoll */
export function tokenLine(paths: Paths): string {
  const file = tokenFile(paths);
  try {
    return `${fs.readFileSync(file, "latin1")}\n`;
  } catch (cause) {
    throw new AppError(
      "desktop.socket-taken",
      `${paths.controlSocket} is in use, and its token cannot be read (${messageOf(cause)}): end what listens there and start Atoll again, or set ATOLL_HOME to another folder.`,
      { socket: paths.controlSocket, file },
      { cause },
    );
  }
}

/**
 * Calls `accepted` when the connection has shown the token; what follows it is left to be read. One that shows anything else,
 * or nothing in time, is closed without an answer.
 */
export function afterToken(socket: net.Socket, token: string, accepted: () => void): void {
  const expected = Buffer.from(`${token}\n`, "latin1");
  const timer = setTimeout(() => socket.destroy(), SHOW_TIMEOUT_MS);
  const look = (): void => {
    // Nothing is read before the whole line is there, and never more than the line.
    const line = socket.read(LINE_LENGTH) as Buffer | null;
    if (line === null) return;
    socket.off("readable", look);
    clearTimeout(timer);
    if (line.length === expected.length && timingSafeEqual(line, expected)) accepted();
    else socket.destroy();
  };
  socket.on("readable", look);
  socket.once("close", () => clearTimeout(timer));
}
