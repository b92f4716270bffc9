/** The host's own files as both ends of a transfer: the real program, by real links in workers, without guests. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { expect, test } from "@playwright/test";
import type { Transfers } from "../main/files/transfers.ts";
import { HostTransfers } from "./support/host-transfers.ts";

const LARGE_BYTES = 200_000_000;

let host: HostTransfers;
let transfers: Transfers;

test.beforeEach(() => {
  host = new HostTransfers();
  ({ transfers } = host);
});
test.afterEach(() => host.remove());

const at = (...names: string[]): string => host.at(...names);
const copy = (source: string, target: string): number => host.copy(source, target);
const outcomes = (id: number): Promise<Record<string, number>> => host.outcomes(id);

/** Resolves at the first word that some of it has come: what is done then is done in the middle of it, however fast the machine is. */
function hasMoved(id: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = transfers.on("changed", () => {
      if (transfers.get(id).view.doneBytes === 0) return;
      stop();
      resolve();
    });
  });
}

test("2,000 small files and a large one arrive as they are, and nothing is there twice", async () => {
  fs.mkdirSync(at("from/deep"), { recursive: true });
  for (let index = 0; index < 2_000; index += 1) fs.writeFileSync(at("from/deep", `f ${index}`), `${index}`.repeat(50));
  const large = randomBytes(20_000_000);
  fs.writeFileSync(at("from/large"), large);
  fs.writeFileSync(at("from/line\nfeed"), "");
  fs.symlinkSync("/etc/passwd", at("from/link"));
  expect(await outcomes(copy("from", "to/"))).toEqual({ whole: 2_003, refused: 1, skipped: 1 });
  expect(fs.readFileSync(at("to/from/large")).equals(large)).toBe(true);
  // An expectation for each would take longer than the transfer.
  const isOther = (index: number): boolean =>
    fs.readFileSync(at("to/from/deep", `f ${index}`), "utf8") !== `${index}`.repeat(50);
  expect(Array.from({ length: 2_000 }, (_, index) => index).filter(isOther)).toEqual([]);
  expect(await outcomes(copy("from", "to/"))).toEqual({ whole: 2, same: 2_001, refused: 1, skipped: 1 });
  // The bytes go from link to link.
  for (const link of host.links) expect(link.dataBytes).toBeLessThan(2_000_000);
});

test("one that is cancelled leaves nothing that is not whole", async () => {
  fs.writeFileSync(at("large"), Buffer.alloc(LARGE_BYTES, randomBytes(99_991)));
  const id = copy("large", "to/");
  await hasMoved(id);
  await transfers.cancel(id);
  expect(fs.readdirSync(at("to"))).toEqual([]);
});

test("a target's disk that becomes full is said, no file is there in part, and what is missing comes when there is room", async () => {
  test.skip(process.getuid?.() !== 0, "only root can make a small disk (mount)");
  const large = Buffer.alloc(LARGE_BYTES / 2, randomBytes(99_991));
  for (const name of ["from/first", "from/second"]) {
    fs.mkdirSync(at("from"), { recursive: true });
    fs.writeFileSync(at(name), large);
  }
  fs.mkdirSync(at("to"));
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${LARGE_BYTES + 8_000_000}`, "tmpfs", at("to")]);
  try {
    const id = copy("from", "to/");
    await hasMoved(id);
    // The room for the first is taken already, that for the second is not.
    transfers.pause(id);
    const ballast = at("to/ballast");
    try {
      for (;;) fs.appendFileSync(ballast, Buffer.alloc(1_000_000));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
    transfers.resume(id);
    const { files } = await transfers.get(id).done;
    expect(files.map(({ outcome, reason }) => [outcome, reason])).toContainEqual(["failed", "no-space"]);
    expect(fs.readdirSync(at("to/from"))).toEqual(["first"]);
    fs.rmSync(ballast);
    // With their folder.
    expect(await outcomes(transfers.retry(id).id)).toEqual({ whole: 2 });
    for (const name of ["first", "second"]) expect(fs.readFileSync(at("to/from", name)).equals(large)).toBe(true);
    expect(fs.readdirSync(at("to/from")).sort()).toEqual(["first", "second"]);
  } finally {
    execFileSync("umount", [at("to")]);
  }
});

test("whenever an end is killed a file is whole or absent, and the transfer goes on to its end", async () => {
  const large = Buffer.alloc(LARGE_BYTES, randomBytes(99_991));
  fs.writeFileSync(at("large"), large);
  for (const [round, end] of [-1, -2, -1, -2].entries()) {
    const id = copy("large", `to${round}/`);
    await hasMoved(id);
    const pids = fs.readFileSync(at("pids"), "utf8").trim().split("\n");
    process.kill(Number(pids.at(end)), "SIGKILL");
    expect(await transfers.get(id).done).toMatchObject({ state: "interrupted" });
    expect(fs.existsSync(at(`to${round}`, "large"))).toBe(false);
    transfers.resume(id);
    expect(await outcomes(id)).toEqual({ whole: 1 });
    expect(fs.readFileSync(at(`to${round}`, "large")).equals(large)).toBe(true);
    expect(fs.readdirSync(at(`to${round}`))).toEqual(["large"]);
  }
});
