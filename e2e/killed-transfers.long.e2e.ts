/** What takes part in a transfer is killed while it goes on, at fifty moments: each time every file is whole or absent. */
import { test } from "@playwright/test";
import { KilledTransfers, type Victim } from "./support/kill-in-transfers.ts";

const VICTIMS: readonly Victim[] = [
  "target's QEMU",
  "target's agent",
  "source's QEMU",
  "source's agent",
  "application",
];

let transfers: KilledTransfers;

test.beforeAll(async () => {
  transfers = await KilledTransfers.start();
});

test.afterAll(() => transfers.close());

for (let round = 0; round < 10; round += 1)
  for (const [at, victim] of VICTIMS.entries()) {
    // Spread over the whole, and at no boundary of a file.
    const fraction = 0.9 * (((round * VICTIMS.length + at) * 0.618) % 1);
    test(`the ${victim} is killed when ${(fraction * 100).toFixed()} % are there (${round + 1})`, () =>
      transfers.kill(victim, fraction));
  }
