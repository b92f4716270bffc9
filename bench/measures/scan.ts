/**
 * The antivirus: how soon a known file is found, a large file beside the same question asked of clamd in its own VM, and what is left
 * of the frames of an animation while many small files are looked at. The animated agent is scripted, as in files.ts.
 */
import { setTimeout as delay } from "node:timers/promises";
import { AnimatedAgent } from "../../main/link/testing/animated-agent.ts";
import { ScriptedAgent } from "../../main/link/testing/scripted-agent.ts";
import type { ControlClient } from "../../main/control/cli/client.ts";
import { type Finding, median } from "../report.ts";
import { Atoll } from "../systems/atoll.ts";
import type { Context, Measure } from "./measure.ts";

const ROUNDS = { full: 5, quick: 1 };
const MIB = 1024 * 1024;
const LARGE_BYTES = 64 * MIB;
const SMALL_FILES = 500;
const SMALL_BYTES = 2_048;
/** What is promised. */
const FOUND_MS = 300;
const SMALL_MS = 60_000;
const LARGE_RATIO = 1.3;
const FRAMES_RATIO = 0.9;
/** The test file of all scanners, in two parts. */
const EICAR = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].join("");
/** As clamdscan asks: by the path, on clamd's socket. Prints milliseconds. */
const ASK = `
import socket, sys, time
began = time.monotonic()
line = socket.socket(socket.AF_UNIX)
line.connect("/tmp/atoll-clamd/clamd.sock")
line.sendall(b"zSCAN " + sys.argv[1].encode() + b"\\0")
answer = b""
while not answer.endswith(b"\\0"):
    answer += line.recv(4096) or b"\\0"
assert answer.endswith(b": OK\\0"), answer
print((time.monotonic() - began) * 1000)
`;

export const scan: Measure = { name: "scan", run };

async function run({ tools, isQuick, say, signal }: Context): Promise<Finding[]> {
  const rounds = isQuick ? ROUNDS.quick : ROUNDS.full;
  const atoll = await Atoll.prepare(tools);
  const agent = await ScriptedAgent.listen();
  try {
    await atoll.start();
    await atoll.attachScripted("animated", agent);
    await atoll.command("vm", "start", "a", "--wait");
    await atoll.command("service", "start", "antivirus");
    const client = await atoll.connect();
    const animated = new AnimatedAgent(agent);
    const found: number[] = [];
    const [large, asked]: [number[], number[]] = [[], []];
    const [small, beside, alone]: [number[], number[], number[]] = [[], [], []];
    // One more than is counted: the first finds cold caches. No bytes come twice: a verdict that is known is not asked for again.
    for (let round = 0; round <= rounds; round += 1) {
      const file = Buffer.concat([Buffer.alloc(MIB - EICAR.length - 4, round + 1), Buffer.from(`${EICAR}    `)]);
      await atoll.command(file, "exec", "a", "--", "sh", "-c", "cat > known");
      await atoll.command("exec", "a", "--", "sh", "-ec", make(round));
      await atoll.command("exec", "antivirus", "--", "sh", "-c", `head -c ${LARGE_BYTES} /dev/urandom > large`);
      const foundMs = await scanned(client, "known", "found");
      const largeMs = await scanned(client, "large", "clean");
      const askedMs = Number(await atoll.command("exec", "antivirus", "--", "python3", "-c", ASK, "/home/user/large"));
      const { result: smallMs, framesPerS } = await animated.during(scanned(client, `small-${round}`, "clean"));
      const { framesPerS: quiet } = await animated.during(delay(smallMs, undefined, { signal }));
      const ms = [foundMs, largeMs, askedMs, smallMs].map((one) => one.toFixed(0)).join(", ");
      say(`scan, round ${round} of ${rounds}: ${ms} ms; ${framesPerS.toFixed(1)} and ${quiet.toFixed(1)} fps`);
      if (round === 0) continue;
      found.push(foundMs);
      large.push(largeMs);
      asked.push(askedMs);
      small.push(smallMs);
      beside.push(framesPerS);
      alone.push(quiet);
    }
    client.close();
    const promised = { unit: "ms", against: "what is promised", bar: { atMost: 1 } } as const;
    return [
      { ...promised, name: "EICAR in a file of 1 MiB is found", ours: median(found), theirs: FOUND_MS },
      {
        name: "a file of 64 MiB is scanned",
        unit: "ms",
        ours: median(large),
        theirs: median(asked),
        against: "clamd, asked in its VM",
        bar: { atMost: LARGE_RATIO },
      },
      { ...promised, name: `${SMALL_FILES} files of 2 KiB are scanned`, ours: median(small), theirs: SMALL_MS },
      {
        name: "an animation beside files that are scanned",
        unit: "fps",
        ours: median(beside),
        theirs: median(alone),
        against: "the same alone",
        bar: { atLeast: FRAMES_RATIO },
      },
    ];
  } finally {
    agent.close();
    await atoll.close();
  }
}

function make(round: number): string {
  const folder = `small-${round}`;
  return `head -c ${LARGE_BYTES} /dev/urandom > large
mkdir ${folder} && head -c ${SMALL_FILES * SMALL_BYTES} /dev/urandom | split -b ${SMALL_BYTES} -a 4 - ${folder}/`;
}

/** How long it took. */
async function scanned(client: ControlClient, path: string, verdict: string): Promise<number> {
  const began = performance.now();
  const files = await client.call("scan.files", { vm: "a", paths: [path] });
  const ms = performance.now() - began;
  const other = files.find((file) => file.verdict !== verdict);
  if (other !== undefined) throw new Error(`${other.path} is ${other.verdict}, and not ${verdict}`);
  return ms;
}
