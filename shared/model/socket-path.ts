/** Paths of unix sockets, which are short. */
import { z } from "zod";

/** sun_path of a unix socket, without its final NUL. @see unix(7) */
export const MAX_SOCKET_PATH_BYTES = 107;

/** Of a socket that somebody else listens on. */
export const socketPath = z
  .string()
  .startsWith("/")
  .refine(
    (path) => utf8Bytes(path) <= MAX_SOCKET_PATH_BYTES,
    `the path of a unix socket has at most ${MAX_SOCKET_PATH_BYTES} bytes`,
  );

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
