/** Gets a file by HTTPS, bounded in bytes, time and redirects. */
import https from "node:https";
import type { IncomingMessage } from "node:http";

export interface GetOptions {
  /** Of the answer's body. */
  maxBytes: number;
  /** For all of it, with its redirects. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
  /** Certificates that are trusted, as PEM; undefined: those of the runtime. */
  ca?: string | undefined;
}

const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const NOT_THERE = new Set([404, 410]);

/** null: it is not there. Rejects with words that say why not. */
export async function httpsGet(url: URL, options: GetOptions): Promise<Buffer | null> {
  const limit = AbortSignal.timeout(options.timeoutMs);
  const signal = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  try {
    return await follow(url, options, signal);
  } catch (error) {
    if (options.signal?.aborted !== true && limit.aborted)
      throw new Error(`it has not come within ${options.timeoutMs / 1_000} s`, { cause: error });
    throw error;
  }
}

async function follow(first: URL, options: GetOptions, signal: AbortSignal): Promise<Buffer | null> {
  let url = first;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    // Whoever can lead it to plain HTTP or to a file can read, or say, what it gets.
    if (url.protocol !== "https:") throw new Error(`it leads to ${url.protocol}//, and only https:// is followed`);
    const answer = await answerTo(url, options, signal);
    const { statusCode = 0, headers } = answer;
    if (REDIRECTS.has(statusCode)) {
      answer.destroy();
      url = new URL(headers.location ?? "", url);
      continue;
    }
    if (statusCode === 200) return body(answer, options.maxBytes);
    answer.destroy();
    if (NOT_THERE.has(statusCode)) return null;
    throw new Error(`the server answers ${statusCode}`);
  }
  throw new Error(`it leads on more than ${MAX_REDIRECTS} times`);
}

function answerTo(url: URL, { ca }: GetOptions, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // What is packed could be any size when it is unpacked.
    const headers = { "accept-encoding": "identity", "user-agent": "atoll" };
    https.get(url, { headers, signal, ...(ca === undefined ? {} : { ca }) }, resolve).once("error", reject);
  });
}

async function body(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const refused = (why: string): Error => {
    answer.destroy();
    return new Error(why);
  };
  const tooLarge = `it is larger than ${maxBytes} bytes`;
  if (answer.headers["content-encoding"] !== undefined) throw refused("the server has packed it");
  if (Number(answer.headers["content-length"] ?? 0) > maxBytes) throw refused(tooLarge);
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw refused(tooLarge);
    parts.push(part);
  }
  return Buffer.concat(parts, bytes);
}
