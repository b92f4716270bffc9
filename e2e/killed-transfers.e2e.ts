/** The end of a transfer's target in the middle of it. Its whole machine's end is in killed-transfers.long.e2e.ts. */
import { test } from "@playwright/test";
import { KilledTransfers } from "./support/kill-in-transfers.ts";

let transfers: KilledTransfers;

test.beforeAll(async () => {
  transfers = await KilledTransfers.start();
});

test.afterAll(() => transfers.close());

test("the target's agent is killed in a transfer: each file is whole or absent, and it goes on", () =>
  transfers.kill("target's agent"));
