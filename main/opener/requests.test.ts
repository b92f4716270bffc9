/** What the page and the command may ask of the opener. */
import fs from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from "vitest";
import { openContract } from "#shared/ipc/open.ts";
import { ChosenFiles } from "../files/chosen-files.ts";
import type { FilesParty } from "../files/transfer.ts";
import type { TransferRecord } from "../files/transfer-record.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller, PAGE_CALLER } from "../ipc/testing/checked.ts";
import { openHandlers } from "./requests.ts";
import type { Comparisons } from "./comparisons.ts";
import { OpenDesk } from "./testing/desk.ts";

let desk: OpenDesk;
let dispatcher: Dispatcher;
const chosenFiles = new ChosenFiles();
const comparisons = { texts: vi.fn<Comparisons["texts"]>() };
const transfers = { get: vi.fn<(id: number) => TransferRecord>() };

beforeEach(async () => {
  desk = new OpenDesk(vi.waitFor);
  desk.define("home", "lagoon").define("web", "coral").define("vault", "sand", "vault");
  await desk.open("home", "web");
  const { application, opener, policy, rules: openRules } = desk;
  const open = openHandlers({ application, chosenFiles, comparisons, opener, openRules, policy, transfers });
  dispatcher = Dispatcher.of({ open: openContract }, { open }, { checksOutputs: true });
});
afterEach(() => desk.close());

/** A transfer to this party, with a file that is there. */
function transfersOf(target: FilesParty, path: string): Mock<(index: number) => Uint8Array | null> {
  const placeOf = vi.fn<(index: number) => Uint8Array | null>(() => Buffer.from(path));
  transfers.get.mockReturnValue({ request: { target }, placeOf } as unknown as TransferRecord);
  return placeOf;
}

const cli = (name: string, input: unknown): Promise<unknown> => called(dispatcher, cliCaller(), name, input);
const page = (name: string, input: unknown): Promise<unknown> => called(dispatcher, PAGE_CALLER, name, input);

function hostFile(name: string): string {
  const file = path.join(desk.folder, name);
  fs.writeFileSync(file, "content");
  return file;
}

describe("open.open", () => {
  it.each(["-rf", "a b\n.txt", "\u202egpj.pdf", "👩‍👩‍👧 é.txt", "%C3%A7", "x".repeat(255)])(
    "opens a file of the host whatever its name: %j",
    async (name) => {
      const file = hostFile(name);
      const answer = cli("open.open", { item: { kind: "file", path: file } });
      await desk.comesUp("disp-1");
      await desk.runs("disp-1");
      expect(await answer).toMatchObject({ vm: "disp-1", decision: "disposable" });
      expect(desk.transfers[0]).toMatchObject({ source: { paths: [Buffer.from(fs.realpathSync(file))] } });
    },
  );

  it("opens for the page what the person has chosen, and no other file of the host", async () => {
    const file = hostFile("chosen.txt");
    const files = chosenFiles.add([file]);
    const answer = page("open.open", { item: { kind: "chosen", files } });
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    expect(await answer).toMatchObject({ vm: "disp-1", decision: "disposable" });
    expect(desk.transfers[0]).toMatchObject({ source: { paths: [Buffer.from(fs.realpathSync(file))] } });
    for (const input of [
      { item: { kind: "chosen", files } },
      { item: { kind: "file", path: file } },
      { item: { kind: "chosen", files: chosenFiles.add([file]) }, from: "home" },
    ])
      await expect(page("open.open", input)).rejects.toMatchObject({ code: "usage.bad-argument" });
  });

  it("opens what a transfer has brought, where it is now", async () => {
    const record = transfersOf({ kind: "vm", vm: desk.vm("home") }, "/home/user/Incoming/web/a.txt");
    const item = { kind: "arrived", transfer: 1, index: 0 };
    const answer = page("open.open", { item, in: { kind: "disposable" } });
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    expect(await answer).toMatchObject({ vm: "disp-1", decision: "disposable" });
    expect(desk.transfers[0]).toMatchObject({
      source: { party: { kind: "vm", vm: desk.vm("home") }, paths: [Buffer.from("/home/user/Incoming/web/a.txt")] },
    });
    record.mockReturnValue(null);
    await expect(page("open.open", { item })).rejects.toMatchObject({ code: "open.no-file" });
  });

  it("opens what a symbolic link of the host leads to", async () => {
    const file = hostFile("report.pdf");
    fs.symlinkSync(file, path.join(desk.folder, "link.pdf"));
    const answer = cli("open.open", { item: { kind: "file", path: path.join(desk.folder, "link.pdf") } });
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    await answer;
    expect(desk.transfers[0]).toMatchObject({ source: { paths: [Buffer.from(fs.realpathSync(file))] } });
  });

  it("says with 'wait' whether what was edited came back", async () => {
    const input = { item: { kind: "file", path: hostFile("a.txt") }, edit: true, wait: true };
    const answer = cli("open.open", input);
    await desk.comesUp("disp-1");
    await desk.runs("disp-1");
    // The opener has seen the window.
    await new Promise(setImmediate);
    desk.closes("disp-1");
    expect(await answer).toMatchObject({ vm: "disp-1", returned: true });
  });

  it.each([
    ["a file that is not there", "nothing.txt", "is not there"],
    ["a folder", ".", "is a folder"],
    ["a path through a file", "open.yaml/x", "is not there"],
  ])("refuses %s in words", async (_what, name, words) => {
    const item = { kind: "file", path: path.join(desk.folder, name) };
    await expect(cli("open.open", { item })).rejects.toMatchObject({
      code: "open.no-file",
      message: expect.stringContaining(words) as string,
    });
  });

  it("refuses a link that is none, and a path that is not whole", async () => {
    await expect(cli("open.open", { item: { kind: "url", url: "file:///etc/passwd" } })).rejects.toMatchObject({
      code: "open.bad-url",
    });
    await expect(cli("open.open", { item: { kind: "file", path: "a.txt" } })).rejects.toMatchObject({
      code: "usage.bad-argument",
    });
    await expect(
      cli("open.open", { item: { kind: "url", url: "https://a.example" }, from: "nobody" }),
    ).rejects.toMatchObject({ code: "vm.not-found" });
  });
});

describe("the rules as a table", () => {
  interface Table {
    columns: { word: string }[];
    rows: {
      group: string;
      cells: { in: string; isOwn: boolean; policy: string | null; rule: { line: number; text: string } | null }[];
    }[];
    vms: string[];
  }
  const table = async (): Promise<Table> => (await page("open.table", {})) as Table;
  const cell = async (group: string, from: string) => {
    const { columns, rows } = await table();
    const at = columns.findIndex(({ word }) => word === from);
    return rows.find((row) => row.group === group)?.cells[at] ?? expect.unreachable();
  };

  it("has each group by each origin, and what the policy says of it", async () => {
    const { columns, rows, vms } = await table();
    expect(columns.map(({ word }) => word)).toEqual(["@host", "home", "vault", "web", "@disposable"]);
    expect(rows).toHaveLength(9);
    expect(vms).toEqual(["home", "vault", "web"]);
    expect(await cell("web", "home")).toMatchObject({ in: "web", isOwn: false, policy: "ask" });
    expect(await cell("web", "vault")).toMatchObject({ in: "here", policy: null });
    expect(await cell("document", "@host")).toMatchObject({ in: "disposable", policy: "allow" });
    expect(await cell("web", "@disposable")).toMatchObject({ in: "ask", policy: null });
  });

  it("is changed by its cells, which can be taken back and undone", async () => {
    const { change } = (await page("open.setRule", { group: "image", from: "home", in: "web", edit: true })) as {
      change: number;
    };
    const own = await cell("image", "home");
    expect(own).toMatchObject({ in: "web", isOwn: true, policy: "ask" });
    expect(await page("open.explain", { group: "image", from: "home" })).toMatchObject({
      in: "web",
      edit: true,
      rule: own.rule,
    });
    await page("open.undo", { change });
    expect(await cell("image", "home")).toMatchObject({ in: "here", isOwn: false });
    await page("open.setRule", { group: "image", from: "home", in: "ask" });
    await page("open.takeBack", (await cell("image", "home")).rule);
    expect(await cell("image", "home")).toMatchObject({ in: "here", isOwn: false });
  });

  it("takes no rule that does not hold", async () => {
    await expect(page("open.setRule", { group: "image", from: "@host", in: "here" })).rejects.toMatchObject({
      code: "open.bad-rule",
    });
    await expect(page("open.setRule", { group: "image", from: "nobody", in: "here" })).rejects.toMatchObject({
      code: "vm.not-found",
    });
  });
});

it("the page is given both texts of what was changed in two places", async () => {
  const both = { name: "a.txt", there: "one", edited: "other" };
  comparisons.texts.mockResolvedValue(both);
  expect(await page("open.compare", { comparison: 3 })).toEqual(both);
  expect(comparisons.texts).toHaveBeenCalledWith(3);
});
