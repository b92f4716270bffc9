/** The end of a transfer's target in the middle of it, ten times by turns: its QEMU, and its agent. */
import { test } from "@playwright/test";
import { KilledTransfers } from "./support/kill-in-transfers.ts";

let transfers: KilledTransfers;

test.beforeAll(async () => {
  transfers = await KilledTransfers.start();
});

test.afterAll(() => transfers.close());

for (let round = 1; round <= 5; round += 1)
  for (const victim of ["target's QEMU", "target's agent"] as const)
    test(`the ${victim} is killed in a transfer: each file is whole or absent, and it goes on (${round})`, () =>
      transfers.kill(victim));
