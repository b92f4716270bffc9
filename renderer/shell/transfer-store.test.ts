import { expect, it } from "vitest";
import type { TransferState, TransferView } from "#shared/model/transfer.ts";
import { createTransferStore } from "./transfer-store.ts";

const one = (id: number, state: TransferState): TransferView => ({ id, state }) as TransferView;

it("tells of each transfer that has just ended or was interrupted, once", () => {
  const stopped: string[] = [];
  const store = createTransferStore(({ id, state }) => stopped.push(`${id} ${state}`));
  store.take([one(1, "done"), one(2, "moving")]);
  expect(stopped).toEqual([]);
  store.take([one(1, "done"), one(2, "interrupted"), one(3, "waiting")]);
  store.take([one(1, "done"), one(2, "interrupted"), one(3, "moving"), one(4, "failed")]);
  store.take([one(2, "moving"), one(3, "paused")]);
  store.take([one(2, "done"), one(3, "cancelled")]);
  expect(stopped).toEqual(["2 interrupted", "4 failed", "2 done", "3 cancelled"]);
  expect(store.getState().transfers?.map(({ id }) => id)).toEqual([2, 3]);
});
