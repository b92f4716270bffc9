import { expect, it } from "vitest";
import { OutgoingQueue } from "./outgoing-queue.ts";

/** A queue of a guest that has given so much credit. */
function withCredit(credit: number): { queue: OutgoingQueue; sent: unknown[]; give: (bytes: number) => void } {
  let left = credit;
  const sent: unknown[] = [];
  const queue = new OutgoingQueue({
    take: (bytes) => {
      const taken = Math.min(bytes, left);
      left -= taken;
      return taken;
    },
    send: (bytes) => void sent.push([...bytes]),
    end: () => void sent.push("end"),
  });
  const give = (bytes: number): void => {
    left += bytes;
    queue.pump();
  };
  return { queue, sent, give };
}

it("bytes go in order, as far as the credit allows", () => {
  const { queue, sent, give } = withCredit(1);
  queue.write(Uint8Array.of(1, 2, 3));
  queue.write(Uint8Array.of(4));
  expect(sent).toEqual([[1]]);
  give(2);
  expect(sent).toEqual([[1], [2, 3]]);
  give(5);
  expect(sent).toEqual([[1], [2, 3], [4]]);
});

it("the end comes when all has gone, and nothing is written after it was asked for", () => {
  const { queue, sent, give } = withCredit(0);
  queue.write(Uint8Array.of(1));
  queue.end();
  queue.end();
  queue.write(Uint8Array.of(2));
  expect(sent).toEqual([]);
  give(5);
  expect(sent).toEqual([[1], "end"]);
});

it("what is empty is not sent", () => {
  const { queue, sent } = withCredit(5);
  queue.write(new Uint8Array(0));
  expect(sent).toEqual([]);
  queue.end();
  expect(sent).toEqual(["end"]);
});
