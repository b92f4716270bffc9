/** Copied files are pasted as files: by a transfer, and then by their new places. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { COPIED_FILES } from "#shared/model/clip.ts";
import type { FilesParty, TransferEnd, TransferRequest, TransferredFile } from "../files/transfer.ts";
import { CheckedPage } from "../ipc/testing/checked.ts";
import { HOST } from "../policy/crossing.ts";
import type { Vm } from "../vms/vm.ts";
import type { Clip } from "./clip.ts";
import { fileBringer } from "./copied-files.ts";
import type { ClipEnd } from "./reading.ts";
import { ClipDesk, FakeReading, partyNamed, settled } from "./testing/clip-desk.ts";

const URI_LIST = "text/uri-list";

function copied(): { desk: ClipDesk; home: Vm; web: Vm } {
  const desk = new ClipDesk();
  const [home, web] = [desk.vm("home"), desk.vm("web")];
  desk.copy(home, 1, { types: [URI_LIST, COPIED_FILES, "text/plain"] });
  return { desk, home, web };
}

/** What a program that asked was given. */
const given = (desk: ClipDesk): string =>
  desk.delivered.map(({ source }) => (source.kind === "bytes" ? Buffer.from(source.bytes).toString() : "")).join("|");

describe("pasting copied files", () => {
  test("another VM is offered the files in both forms, and no text of their paths", () => {
    const { desk, web } = copied();
    expect(desk.offers(web)).toEqual([COPIED_FILES, URI_LIST]);
  });

  test.each([
    [COPIED_FILES, "cut\nfile:///home/user/Incoming/home/a%20b\nfile:///home/user/Incoming/home/c"],
    [URI_LIST, "file:///home/user/Incoming/home/a%20b\r\nfile:///home/user/Incoming/home/c\r\n"],
  ])("as %s the program gets those that have arrived", async (type, list) => {
    const { desk, web } = copied();
    desk.press(web);
    await settled();
    // Nothing of it is sent ahead: the keys alone may have meant something else.
    expect(desk.readings).toEqual([]);
    desk.want(web, 1, type);
    expect(desk.brought).toMatchObject([{ to: "web" }]);
    expect(desk.delivered).toEqual([]);
    await desk.brought[0]?.arrive("/home/user/Incoming/home/a b", "/home/user/Incoming/home/c");
    expect(given(desk)).toBe(list);
    expect(desk.delivered[0]).toMatchObject({ type: COPIED_FILES, target: { kind: "request", vm: web, request: 1 } });
  });

  test("what a program asks for in both forms is one transfer", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1, URI_LIST);
    desk.want(web, 2, COPIED_FILES);
    expect(desk.brought).toHaveLength(1);
    await desk.brought[0]?.arrive("/a");
    expect(given(desk)).toBe("file:///a\r\n|cut\nfile:///a");
    // The files may have been moved since.
    desk.press(web);
    desk.want(web, 3, COPIED_FILES);
    expect(desk.brought).toHaveLength(2);
  });

  test("a rule about sending files decides, not one about pasting", () => {
    const { desk, web } = copied();
    const crossings: string[] = [];
    const { decide } = desk.ports.gate;
    desk.ports.gate.decide = (crossing) => {
      crossings.push(`${crossing.action} ${crossing.type}`);
      return decide(crossing);
    };
    desk.rules.set("web null", "deny");
    desk.broker.policyChanged();
    expect(desk.offers(web)).toEqual([]);
    expect(new Set(crossings)).toEqual(new Set(["file.send null"]));
    // Where the person is to be asked, the transfer does it: it knows names and sizes.
    desk.rules.set("web null", "ask");
    desk.broker.policyChanged();
    desk.press(web);
    desk.want(web, 1, COPIED_FILES);
    expect([desk.asked.length, desk.brought.length]).toEqual([0, 1]);
  });

  test("nothing has arrived: the program gets nothing", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1, COPIED_FILES);
    await desk.brought[0]?.arrive();
    expect([desk.refused(web), desk.delivered]).toEqual([[1], []]);
  });

  test("a program waits for a minute at most, and the files arrive all the same", async () => {
    const { desk, web } = copied();
    desk.press(web);
    desk.want(web, 1, COPIED_FILES);
    await desk.pass(54_999);
    expect(desk.refused(web)).toEqual([]);
    await desk.pass(1);
    expect(desk.refused(web)).toEqual([1]);
    await desk.brought[0]?.arrive("/a");
    expect(desk.delivered).toEqual([]);
  });

  test("of the host the files are offered as another VM's are, and come at a gesture alone", async () => {
    const desk = new ClipDesk();
    const web = desk.vm("web");
    const copied = { from: HOST, types: new Map([[COPIED_FILES, COPIED_FILES]] as const), isSecret: false };
    desk.broker.take({ ...copied, source: () => ({ kind: "later", bytes: () => Promise.resolve(new Uint8Array()) }) });
    expect(desk.offers(web)).toEqual([COPIED_FILES, URI_LIST]);
    desk.focused = web;
    desk.want(web, 1, URI_LIST);
    expect([desk.brought, desk.readings]).toEqual([[], []]);
    desk.press(web);
    expect(desk.brought).toMatchObject([{ to: "web" }]);
    await desk.brought[0]?.arrive("/home/user/Incoming/host/a");
    expect(given(desk)).toBe("file:///home/user/Incoming/host/a\r\n");
  });

  test("without a gesture the small bar asks first", async () => {
    const { desk, web } = copied();
    desk.focused = web;
    desk.want(web, 1, COPIED_FILES);
    expect(desk.brought).toEqual([]);
    const [bar] = desk.broker.waiting;
    expect(bar?.type).toBe(COPIED_FILES);
    desk.broker.answered(bar?.id ?? 0, "paste");
    await settled();
    expect(desk.brought).toHaveLength(1);
  });
});

describe("bringing them", () => {
  type ClipFailure = Pick<Extract<ClipEnd, { outcome: "failed" }>, "by">;

  /** As a program of the host's display copies. */
  const ofHost = (list: string, kind: "later" | "bytes" = "later"): Omit<Clip, "id" | "copiedMs"> => ({
    from: HOST,
    types: new Map([[COPIED_FILES, COPIED_FILES]]),
    isSecret: false,
    source: () =>
      kind === "later" ? { kind, bytes: () => Promise.resolve(Buffer.from(list)) } : { kind, bytes: Buffer.from(list) },
  });

  /** Of a VM only what it is called is looked at. */
  const vmNamed = (name: string): Vm => {
    const id = randomUUID();
    return { id, status: { ...partyNamed(name), id } } as unknown as Vm;
  };

  const file = (path: string, more: Partial<TransferredFile> = {}): TransferredFile => ({
    index: 0,
    path: Buffer.from(path),
    isFolder: false,
    bytes: 1,
    outcome: "whole",
    reason: null,
    sha256: null,
    scan: "",
    arrivedAt: Buffer.from(`/in/${path}`),
    ...more,
  });

  /** `content`: as its source gives it; or how it fails. `copied`: in place of what was copied in "home"; `to`: in place of "web". */
  async function brought(
    content: string | ClipFailure,
    files: readonly TransferredFile[],
    { copied, to }: { copied?: Omit<Clip, "id" | "copiedMs">; to?: FilesParty } = {},
  ) {
    const requests: TransferRequest[] = [];
    const desk = new ClipDesk();
    const page = new CheckedPage();
    const [home, web] = [vmNamed("home"), vmNamed("web")];
    desk.open(home);
    if (copied === undefined) desk.copy(home, 1, { types: [COPIED_FILES] });
    else desk.broker.take(copied);
    const bring = fileBringer({
      read: (source, type) => {
        const reading = new FakeReading(source, type);
        setImmediate(() => {
          void reading.end(
            typeof content === "string"
              ? { outcome: "complete", content: Buffer.from(content) }
              : { outcome: "failed", bytes: 0, by: content.by },
          );
        });
        return reading;
      },
      startTransfer: (request) => {
        requests.push(request);
        const end: TransferEnd = { state: "done", files, bytes: 1, seconds: 1, detail: "" };
        return { id: 1, state: "done", done: Promise.resolve(end) };
      },
      page,
    });
    const { current } = desk.broker;
    if (current === null) throw new Error("it was copied");
    const paths = (await bring(current, to ?? { kind: "vm", vm: web })).map((path) => Buffer.from(path).toString());
    return { requests, paths, told: page.events };
  }

  test("what was copied goes into the folder of what came in; what lies in a copied folder is not pasted apart", async () => {
    const { requests, paths, told } = await brought("cut\nfile:///home/user/a%20b\nfile:///home/user/dir", [
      file("a b"),
      file("dir", { isFolder: true }),
      file("dir/inner"),
      file("refused", { outcome: "refused", reason: "symlink", arrivedAt: null }),
    ]);
    expect(requests).toMatchObject([
      {
        source: { party: { kind: "vm", vm: { status: { name: "home" } } } },
        target: { kind: "vm", vm: { status: { name: "web" } } },
        destination: { kind: "incoming" },
        permission: { kind: "ask" },
      },
    ]);
    const [{ source }] = requests as [TransferRequest];
    expect("paths" in source && source.paths.map((path) => Buffer.from(path).toString())).toEqual([
      "/home/user/a b",
      "/home/user/dir",
    ]);
    expect(paths).toEqual(["/in/a b", "/in/dir"]);
    // The list of transfers tells of it.
    expect(told).toEqual([]);
  });

  test("the host's own go to a VM from the host, and a VM's to the host from that VM", async () => {
    const list = "copy\nfile:///home/me/a%20b";
    const files = [file("a b")];
    const [toVm] = (await brought(list, files, { copied: ofHost(list) })).requests;
    expect(toVm).toMatchObject({
      source: { party: { kind: "host" } },
      target: { kind: "vm", vm: { status: { name: "web" } } },
    });
    const [toHost] = (await brought(list, files, { to: { kind: "host" } })).requests;
    expect(toHost).toMatchObject({
      source: { party: { kind: "vm" } },
      target: { kind: "host" },
      destination: { kind: "incoming" },
    });
    for (const request of [toVm, toHost])
      expect(request?.source).toMatchObject({ paths: [Buffer.from("/home/me/a b")] });
  });

  test("no file of the host's is named by content that the host's clipboard does not hold", async () => {
    const list = "copy\nfile:///home/me/secret";
    const { requests, paths } = await brought(list, [], { copied: ofHost(list, "bytes") });
    expect([requests, paths]).toEqual([[], []]);
  });

  test.each<[string | ClipFailure, "size" | "content" | "source"]>([
    ["", "content"],
    ["copy", "content"],
    ["copy\nhttp://a/", "content"],
    ["copy\n/etc/passwd", "content"],
    ["copy\nfile:///a%00b", "content"],
    ["copy\nfile:///a\nsecret text", "content"],
    [`copy${"\nfile:///a".repeat(1025)}`, "size"],
    [{ by: "content" }, "content"],
    [{ by: "size" }, "size"],
    [{ by: "source" }, "source"],
    [{ by: "cancelled" }, "source"],
  ])("nothing is sent of %j, and the person is told why", async (content, why) => {
    const { requests, paths, told } = await brought(content, []);
    expect([requests, paths]).toEqual([[], []]);
    const payload = { from: { name: "home" }, to: { name: "web" }, why };
    expect(told).toMatchObject([{ name: "clipboard.filesNotPasted", payload }]);
    expect(JSON.stringify(told)).not.toMatch(/secret|passwd/);
  });
});
