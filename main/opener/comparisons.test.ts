import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_COMPARED_BYTES } from "#shared/model/open.ts";
import type { Vm } from "../vms/vm.ts";
import { Comparisons } from "./comparisons.ts";

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-compare-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const noGuest = (): Promise<Uint8Array> => Promise.reject(new Error("no guest is asked"));

function onHost(there: string | Uint8Array, edited: string | Uint8Array): Promise<unknown> {
  const comparisons = new Comparisons(noGuest);
  const file = (name: string, content: string | Uint8Array): Uint8Array => {
    const whole = path.join(folder, name);
    fs.writeFileSync(whole, content);
    return Buffer.from(whole);
  };
  return comparisons.texts(
    comparisons.add({ vm: null, name: "a.txt", there: file("a.txt", there), edited: file("a (2).txt", edited) }),
  );
}

describe("what was changed in two places", () => {
  it("is read as text, of the host", async () => {
    expect(await onHost("one\u202e", "other")).toEqual({ name: "a.txt", there: "one\u202e", edited: "other" });
    const largest = "x".repeat(MAX_COMPARED_BYTES);
    expect(await onHost(largest, "")).toMatchObject({ there: largest, edited: "" });
  });

  it.each([
    ["x".repeat(MAX_COMPARED_BYTES + 1), "more than 256 KiB"],
    ["a\0b", "no text"],
    [new Uint8Array([0x61, 0xff]), "no text in UTF-8"],
  ])("is not shown where it is none (%#)", async (content, why) => {
    await expect(onHost("one", content)).rejects.toMatchObject({
      code: "open.not-comparable",
      message: expect.stringContaining(why) as string,
    });
  });

  it("is not shown where a link or nothing is in its place", async () => {
    const comparisons = new Comparisons(noGuest);
    fs.writeFileSync(path.join(folder, "a"), "a");
    fs.symlinkSync("/etc/passwd", path.join(folder, "link"));
    for (const name of ["link", "nothing", "."]) {
      const id = comparisons.add({
        vm: null,
        name,
        there: Buffer.from(path.join(folder, "a")),
        edited: Buffer.from(path.join(folder, name)),
      });
      await expect(comparisons.texts(id), name).rejects.toMatchObject({ code: "open.not-comparable" });
    }
  });

  it("is read of its VM, no more than is shown; what was told long ago is not known any more", async () => {
    const asked: unknown[] = [];
    const vm = { id: "home" } as unknown as Vm;
    const comparisons = new Comparisons((of, file, maxBytes) => {
      asked.push([of, Buffer.from(file).toString(), maxBytes]);
      return Promise.resolve(file);
    });
    const pair = { vm, name: "a", there: Buffer.from("/a"), edited: Buffer.from("/a (2)") };
    const id = comparisons.add(pair);
    expect(await comparisons.texts(id)).toEqual({ name: "a", there: "/a", edited: "/a (2)" });
    expect(asked).toEqual([
      [vm, "/a", MAX_COMPARED_BYTES + 1],
      [vm, "/a (2)", MAX_COMPARED_BYTES + 1],
    ]);
    for (let more = 0; more < 16; more += 1) comparisons.add(pair);
    await expect(comparisons.texts(id)).rejects.toMatchObject({ code: "open.not-comparable" });
  });
});
