/** Paths of unix sockets, which are short. */
import { z } from "zod";
import { utf8Bytes } from "./text.ts";

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
