/** Bytes from VM to VM as fast as the channels carry them: out of the one by a command, into the other by another one. */
import type { Atoll } from "../systems/atoll.ts";

/** Milliseconds for so many bytes from a to b, without what two commands take that carry nothing. */
export async function rawStreamMs(atoll: Atoll, bytes: number): Promise<number> {
  return (await piped(atoll, bytes)) - (await piped(atoll, 0));
}

async function piped(atoll: Atoll, bytes: number): Promise<number> {
  const startedMs = performance.now();
  await atoll.pipe(
    ["exec", "a", "--", "head", "-c", String(bytes), "/dev/zero"],
    ["exec", "b", "--", "sh", "-c", "cat > /dev/null"],
  );
  return performance.now() - startedMs;
}
