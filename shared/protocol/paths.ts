/** Paths and digests that an agent says: bytes, which need not be UTF-8. All of these throw ViolationError. */
import { MAX_FILE_NAME_BYTES, MAX_FILE_PATH_BYTES } from "./limits.ts";
import { refuse } from "./violation.ts";

const SLASH = 0x2f;
const DOT = 0x2e;

/** One that begins at the root, of 4096 bytes at most, without NUL. */
export function absolutePath(untrusted: Uint8Array, what: string): Uint8Array {
  boundedPath(untrusted, what);
  if (untrusted[0] !== SLASH) refuse("bad-path", `${what} has no absolute path`);
  return untrusted;
}

/** One of components joined by "/", none of which is empty, "." or "..". */
export function relativePath(untrusted: Uint8Array, what: string): Uint8Array {
  boundedPath(untrusted, what);
  let begin = 0;
  for (let at = 0; at <= untrusted.length; at += 1) {
    if (at < untrusted.length && untrusted[at] !== SLASH) continue;
    const length = at - begin;
    const dots = length <= 2 && untrusted.subarray(begin, at).every((byte) => byte === DOT);
    if (dots) refuse("bad-path", `${what} has a component that is no name`);
    begin = at + 1;
  }
  return untrusted;
}

/** One component of a path, of 255 bytes at most. */
export function fileName(untrusted: Uint8Array, what: string): Uint8Array {
  if (untrusted.length > MAX_FILE_NAME_BYTES)
    refuse("text-too-long", `the name of ${what} is longer than ${MAX_FILE_NAME_BYTES} bytes`);
  if (untrusted.includes(SLASH)) refuse("bad-path", `the name of ${what} has a "/"`);
  return relativePath(untrusted, what);
}

/** SHA-256: 32 bytes, or none where `isOptional`. */
export function digest(untrusted: Uint8Array, isOptional: boolean, what: string): Uint8Array {
  if (untrusted.length !== 32 && !(isOptional && untrusted.length === 0))
    refuse("number-out-of-range", `${what} has ${untrusted.length} bytes`);
  return untrusted;
}

function boundedPath(untrusted: Uint8Array, what: string): void {
  if (untrusted.length > MAX_FILE_PATH_BYTES)
    refuse("text-too-long", `the path of ${what} is longer than ${MAX_FILE_PATH_BYTES} bytes`);
  if (untrusted.length === 0 || untrusted.includes(0)) refuse("bad-path", `${what} has no path, or one with NUL`);
}
