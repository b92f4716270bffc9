/** What the antivirus tells clamd, and what it makes of its answers (services/antivirus/program), as its program does. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runInProgram } from "./testing/python.ts";

const MIB = 1024 * 1024;

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll clamd "))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** What is written for clamd, by name. */
async function configuration(): Promise<Record<string, string>> {
  const lines = ["import clamd", "clamd.Clamd(sys.argv[1], '/signatures', '/bin/true').end()", "0"];
  await runInProgram("antivirus", lines, [folder]);
  const text = fs.readFileSync(path.join(folder, "clamd.conf"), "utf8");
  return Object.fromEntries(
    text
      .trim()
      .split("\n")
      .map((line) => line.split(/ (.*)/s, 2) as [string, string]),
  );
}

/** Each number of the configuration: none is clamd's own choice. */
const LIMITS = {
  LocalSocketMode: 600,
  SelfCheck: 0,
  MaxThreads: 2,
  MaxQueue: 32,
  MaxConnectionQueueLength: 32,
  ReadTimeout: 60,
  CommandReadTimeout: 10,
  SendBufTimeout: 1_000,
  IdleTimeout: 30,
  MaxDirectoryRecursion: 1,
  BytecodeTimeout: 10_000,
  MaxScanTime: 60_000,
  MaxScanSize: 192 * MIB,
  MaxFileSize: 64 * MIB,
  // One more than archives in archives: the file itself.
  MaxRecursion: 13,
  MaxFiles: 5_000,
  MaxEmbeddedPE: 64 * MIB,
  MaxHTMLNormalize: 64 * MIB,
  MaxHTMLNoTags: 64 * MIB,
  MaxScriptNormalize: 64 * MIB,
  MaxZipTypeRcg: 64 * MIB,
  MaxPartitions: 50,
  MaxIconsPE: 100,
  MaxRecHWP3: 16,
  PCREMatchLimit: 100_000,
  PCRERecMatchLimit: 2_000,
  PCREMaxFileSize: 64 * MIB,
  StreamMaxLength: 64 * MIB,
};

it("clamd has each of its limits from us, and says what is beyond one", async () => {
  const written = await configuration();
  const numbers = Object.entries(written).filter(([, value]) => /^\d+$/.test(value));
  expect(Object.fromEntries(numbers.map(([name, value]) => [name, Number(value)]))).toEqual(LIMITS);
  expect(written).toMatchObject({ AlertExceedsMax: "yes", AlertEncrypted: "yes", DisableCache: "yes" });
});

/** Its verdict, and why, where a server in clamd's place writes these bytes to each question. `before`: lines of Python. */
function looked(answer: string, ...before: string[]): Promise<unknown> {
  const file = path.join(folder, "file");
  fs.writeFileSync(file, "hello");
  return runInProgram(
    "antivirus",
    [
      "import antivirus, clamd, limits, socket, threading",
      "server = socket.socket(socket.AF_UNIX)",
      "server.bind(sys.argv[1] + '/clamd.sock')",
      "server.listen()",
      "def serve():",
      "    line, _ = server.accept()",
      "    line.recv(4096)",
      "    path = sys.argv[2].encode()",
      `    ${answer}`,
      "    line.close()",
      "threading.Thread(target=serve, daemon=True).start()",
      "engine = antivirus.ClamAV.__new__(antivirus.ClamAV)",
      "engine.clamd = clamd.Clamd.__new__(clamd.Clamd)",
      "engine.clamd._socket = sys.argv[1] + '/clamd.sock'",
      ...before,
      "engine.look(sys.argv[2], 5)",
    ],
    [folder, file],
  );
}

const said = (verdict: string, signature: string | null = null, reason: unknown = null): object => ({
  verdict,
  signature,
  reason,
});
const found = (signature: string): string => `line.sendall(path + b": ${signature} FOUND\\0")`;

describe("an answer of clamd", () => {
  it.each([
    ["nothing", `line.sendall(path + b": OK\\0")`, said("clean")],
    ["a signature", found("Eicar"), said("found", "Eicar")],
    ["a guess", found("Heuristics.Phishing"), said("suspicious", "Heuristics.Phishing")],
    ["what may be unwanted", found("PUA.Win"), said("suspicious", "PUA.Win")],
    ["a lock", found("Heuristics.Encrypted.Zip"), said("not-scanned", "Heuristics.Encrypted.Zip", "it is encrypted")],
    [
      "a limit",
      found("Heuristics.Limits.Exceeded.MaxScanTime"),
      said("not-scanned", "Heuristics.Limits.Exceeded.MaxScanTime", "it exceeds what the engine looks at"),
    ],
    ["a failure", `line.sendall(path + b": Can't open file ERROR\\0")`, said("error", null, "Can't open file")],
    ["nothing at all", "pass", said("error", null, "clamd said nothing")],
    ["half of it", `line.sendall(path + b": O")`, said("error", null, "O")],
    ["of another file", `line.sendall(b"/other: OK\\0")`, said("error", null, "/other: OK")],
  ])("that names %s", async (_what, answer, verdict) => {
    expect(await looked(answer)).toEqual(verdict);
  });

  it("without an end is read no further, and is none", async () => {
    const endless = "[line.sendall(b'x' * 4096) for _ in iter(int, 1)]";
    expect(await looked(endless)).toEqual(said("error", null, "x".repeat(300)));
  });

  it("that does not come is not waited for", async () => {
    const late = "import time; time.sleep(60)";
    expect(await looked(late, "limits.CLAMD_S = -9.9")).toEqual(
      said("error", null, "clamd does not answer: timed out"),
    );
  });

  it("is not asked for of what is too large", async () => {
    const large = "limits.FILE_BYTES = 4";
    expect(await looked("pass", large)).toMatchObject({ verdict: "not-scanned" });
  });
});
