/** An index from outside: nothing is taken but what its key has signed, what is newer than what was seen, and what has its size. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import fs from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readService } from "../catalog.ts";
import { newService } from "../scaffold.ts";
import { digestOf, type FileList, type IndexList, listText } from "../signing/lists.ts";
import { publicKeyText, signatureText } from "../signing/minisign.ts";
import { signFolder } from "../signing/signed-folder.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../testing/tls.ts";
import { IndexFile } from "./index-file.ts";
import { ServiceIndexes } from "./indexes.ts";
import { signIndex } from "./sign-index.ts";

const DAY_MS = 86_400_000;
const { privateKey: key } = generateKeyPairSync("ed25519");
const { privateKey: stranger } = generateKeyPairSync("ed25519");
const KEY = publicKeyText(key);

let home: string;
/** Of the index. */
let place: string;
let nowMs: number;
let allowsUnsigned: boolean;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-index-"));
  place = path.join(home, "shop");
  fs.mkdirSync(place);
  fs.mkdirSync(path.join(home, "state"));
  [nowMs, allowsUnsigned] = [Date.parse("2026-11-29T00:00:00Z"), false];
  await newService(place, "words");
  await publish();
});
afterEach(() => fs.rmSync(home, { recursive: true }));

const at = (file: string): string => path.join(place, file);

async function publish(by: KeyObject | null = key, { service = key, days = 30 } = {}): Promise<IndexList> {
  const folder = at("words");
  await signFolder(folder, await readService(folder, null), { key: service, days: 60, nowMs });
  return signIndex(place, { name: null, key: by, days, nowMs });
}

function put(list: object, by: KeyObject = key, file = "index.json"): void {
  const text = listText(list as IndexList);
  fs.writeFileSync(at(file), text);
  fs.writeFileSync(at(`${file}.minisig`), signatureText(Buffer.from(text), "x", by));
}

const read = (): IndexList => JSON.parse(fs.readFileSync(at("index.json"), "utf8")) as IndexList;

async function opened(ca?: string): Promise<ServiceIndexes> {
  const stateFolder = path.join(home, "state");
  const indexes = new ServiceIndexes({
    ...{ stateFolder, recipesFolder: null, allowsUnsigned: () => allowsUnsigned, nowMs: () => nowMs, ca },
    file: new IndexFile(stateFolder),
  });
  await indexes.load();
  return indexes;
}

async function added(): Promise<ServiceIndexes> {
  const indexes = await opened();
  await indexes.add(place, KEY);
  return indexes;
}

const code = (name: string, message?: RegExp): object => ({
  code: name,
  ...(message === undefined ? {} : { message: expect.stringMatching(message) as string }),
});

/** What an application would find there. */
const kept = (): string[] => fs.readdirSync(path.join(home, "state")).toSorted();

describe("an index", () => {
  it("is looked at, added with its key, and there in the next run, without its place", async () => {
    const indexes = await opened();
    expect(await indexes.look(place)).toMatchObject({ name: "shop", version: 1, key: KEY, services: ["words"] });
    expect([indexes.views, kept()]).toEqual([[], []]);
    expect(await indexes.add(`file://${place}`, KEY)).toMatchObject({ name: "shop", services: 1, source: place });
    fs.rmSync(place, { recursive: true });
    const again = await opened();
    expect(again.views).toMatchObject([{ name: "shop", key: KEY, isExpired: false }]);
    expect(again.offers).toMatchObject([{ name: "words", version: "1.0.0", index: "shop", isSigned: true }]);
    await again.remove("shop");
    expect([again.offers, (await opened()).views]).toEqual([[], []]);
    await expect(again.remove("shop")).rejects.toMatchObject(code("index.not-found"));
  });

  it.each([
    ["a changed list", () => fs.appendFileSync(at("index.json"), " "), "service.bad-signature"],
    ["another's signature", () => put(read(), stranger), "service.bad-signature"],
    [
      "another key in it than the one that signed",
      () => put({ ...read(), key: publicKeyText(stranger) }),
      "service.bad-signature",
    ],
    ["no signature", () => fs.rmSync(at("index.json.minisig")), "index.not-signed"],
    ["no list", () => fs.rmSync(at("index.json")), "index.unreachable"],
    ["a list that is a link", () => fs.renameSync(at("index.json"), at("x")), "index.unreachable"],
    [
      "more than a list may have",
      () => fs.writeFileSync(at("index.json"), Buffer.alloc(512 * 1024 + 1)),
      "index.unreachable",
    ],
    ["a version that is none", () => put({ ...read(), version: 0 }), "service.bad-signature"],
    ["a name that is a path", () => put({ ...read(), name: "../shop" }), "service.bad-signature"],
  ] as const)("with %s is refused, and nothing is kept", async (what, change, expected) => {
    change();
    if (what === "a list that is a link") fs.symlinkSync(at("x"), at("index.json"));
    const indexes = await opened();
    await expect(indexes.add(place, KEY)).rejects.toMatchObject(code(expected));
    expect([indexes.views, kept()]).toEqual([[], []]);
  });

  it("that is older than one that is being kept is refused when that is kept", async () => {
    await added();
    const stateFolder = path.join(home, "state");
    const file = new IndexFile(stateFolder);
    const setLatest = file.setLatest.bind(file);
    let open = (): void => undefined;
    const isOpen = new Promise<void>((resolve) => (open = resolve));
    const reached = new Promise<void>((resolve) => {
      file.setLatest = async (...words) => {
        file.setLatest = setLatest;
        resolve();
        await isOpen;
        await setLatest(...words);
      };
    });
    let looked = (): void => undefined;
    const options = { stateFolder, recipesFolder: null, allowsUnsigned: () => false };
    const indexes = new ServiceIndexes({ ...options, file, nowMs: () => (looked(), nowMs) });
    await indexes.load();
    const list = read();
    put({ ...list, version: 3 });
    const newer = indexes.update("shop");
    await reached;
    put({ ...list, version: 2 });
    // Once it has been read, it is to be kept.
    looked = () => setImmediate(open);
    await expect(indexes.update("shop")).rejects.toMatchObject(code("index.older"));
    await newer;
    expect((await opened()).view("shop").version).toBe(3);
  });

  it.each(["../words", "/words", "a/b", "..", "words\u0000"])(
    "that offers a service named %j is refused",
    async (name) => {
      const list = read();
      put({ ...list, services: [{ ...list.services[0], name }] });
      await expect((await opened()).add(place, KEY)).rejects.toMatchObject(code("service.bad-signature"));
    },
  );

  it("is not taken by the key that it names itself, nor by what is no key", async () => {
    const indexes = await opened();
    await expect(indexes.add(place, publicKeyText(stranger))).rejects.toMatchObject(
      code("service.bad-signature", /signed by another key/),
    );
    await expect(indexes.add(place, "RW")).rejects.toMatchObject(code("usage.bad-argument"));
  });

  it.each(["http://127.0.0.1/", "ftp://x/", "words", "https://a:b@x/", "https://x/?a=1"])(
    "is not read from %s",
    async (from) => {
      await expect((await opened()).look(from)).rejects.toMatchObject(code("usage.bad-argument"));
    },
  );

  it("of another place or key does not take the name of one that is there", async () => {
    const indexes = await added();
    const other = path.join(home, "other");
    fs.cpSync(place, other, { recursive: true });
    await expect(indexes.add(other, KEY)).rejects.toMatchObject(code("index.name-taken"));
    await publish(stranger);
    await expect(indexes.add(place, publicKeyText(stranger))).rejects.toMatchObject(code("index.name-taken"));
  });
});

describe("versions of an index", () => {
  it("only rise, also after it was removed, and a refused one changes nothing", async () => {
    const first = fs.readFileSync(at("index.json"));
    const signature = fs.readFileSync(at("index.json.minisig"));
    await publish();
    const indexes = await added();
    expect(indexes.view("shop").version).toBe(2);
    fs.writeFileSync(at("index.json"), first);
    fs.writeFileSync(at("index.json.minisig"), signature);
    const older = code("index.older", /"shop" is version 1 there, and 2 was seen/);
    await expect(indexes.update("shop")).rejects.toMatchObject(older);
    expect(indexes.view("shop").version).toBe(2);
    await indexes.remove("shop");
    await expect((await opened()).add(place, KEY)).rejects.toMatchObject(older);
  });

  it("stand for one list: another one of the same version is refused", async () => {
    const indexes = await added();
    expect(await indexes.update("shop")).toMatchObject({ version: 1 });
    put({ ...read(), services: [] });
    await expect(indexes.update("shop")).rejects.toMatchObject(code("index.older", /a change needs a new version/));
    expect(indexes.offers).toHaveLength(1);
  });

  it("are by key: what a stranger signs later is not an update", async () => {
    const indexes = await added();
    await publish(stranger);
    await expect(indexes.update("shop")).rejects.toMatchObject(code("service.bad-signature"));
    expect(indexes.view("shop").version).toBe(1);
  });

  it("are forgotten by nobody: where the file of them is broken, nothing is added", async () => {
    await added();
    fs.writeFileSync(path.join(home, "state/service-indexes.json"), "{");
    const indexes = await opened();
    await expect(indexes.add(place, KEY)).rejects.toMatchObject(code("settings.broken"));
    expect(indexes.views).toEqual([]);
  });

  it("that were changed where they are kept are not used", async () => {
    await added();
    const file = path.join(home, "state/service-indexes.json");
    fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace("Counts", "Sends"));
    expect((await opened()).views).toEqual([]);
  });
});

describe("an index that has expired", () => {
  it("is not taken, and offers nothing to install", async () => {
    const indexes = await added();
    nowMs += 31 * DAY_MS;
    await expect(indexes.update("shop")).rejects.toMatchObject(code("service.expired"));
    await expect((await opened()).look(place)).rejects.toMatchObject(code("service.expired"));
    expect(indexes.offers).toMatchObject([{ isExpired: true }]);
    expect(() => indexes.offered("words", null)).toThrow(/has expired/);
  });
});

describe("an index that nobody has signed", () => {
  it("is let in by a developer's switch alone, and marked", async () => {
    await publish(null);
    const indexes = await opened();
    await expect(indexes.add(place, null)).rejects.toMatchObject(code("index.not-signed", /unsignedIndexes/));
    allowsUnsigned = true;
    expect(await indexes.add(place, null)).toMatchObject({ key: null, fingerprint: null });
    expect(indexes.offers).toMatchObject([{ isSigned: false }]);
    expect(indexes.offered("words", null)).toMatchObject({ isSigned: false });
    allowsUnsigned = false;
    expect(() => indexes.offered("words", null)).toThrow(/not signed/);
    await expect(indexes.update("shop")).rejects.toMatchObject(code("index.not-signed"));
  });

  it("is not what a signed one becomes when its signature is taken away", async () => {
    allowsUnsigned = true;
    fs.rmSync(at("index.json.minisig"));
    await expect((await opened()).add(place, null)).rejects.toMatchObject(code("service.bad-signature"));
    put({ ...read(), key: null });
    await expect((await opened()).add(place, KEY)).rejects.toMatchObject(code("service.bad-signature"));
  });
});

describe("a service of an index", () => {
  const fetched = async (indexes: ServiceIndexes): Promise<string[]> =>
    indexes.fetch(indexes.offered("words", "shop"), (folder) =>
      Promise.resolve(fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted()),
    );

  it("is fetched as it was signed, and gone when it was used", async () => {
    const indexes = await added();
    const files = ["program", "program/atoll_service.py", "program/count-words.py", "service.yaml"];
    expect(await fetched(indexes)).toEqual(files);
    expect(kept()).toEqual(["service-indexes.json"]);
    fs.mkdirSync(path.join(home, "state/.service-fetch-left"));
    await opened();
    expect(kept()).toEqual(["service-indexes.json"]);
  });

  it("is not newer when it is older than what was installed by that key, or another one of that version", async () => {
    const indexes = await added();
    const { entry } = indexes.offered("words", null);
    await indexes.installed({ ...entry, version: "1.2.0" });
    expect(() => indexes.offered("words", null)).toThrow(/"words" is version 1.0.0 there, and 1.2.0 was seen/);
    await indexes.installed({ ...entry, list: { ...entry.list, sha256: "0".repeat(64) } });
    expect(() => indexes.offered("words", null)).toThrow(/a change needs a new version/);
    await indexes.installed(entry);
    expect(indexes.offered("words", null).entry.version).toBe("1.0.0");
    expect(() => indexes.offered("others", null)).toThrow(/No index offers "others"/);
  });

  const program = "words/program/count-words.py";
  /** Signs the service's own list again, and the index with that. */
  const putFiles = (change: (list: FileList) => object, by = key): void => {
    const files = JSON.parse(fs.readFileSync(at("words/files.json"), "utf8")) as FileList;
    put(change(files), by, "words/files.json");
    const content = fs.readFileSync(at("words/files.json"));
    const list = read();
    const [entry] = list.services;
    const said = { bytes: content.byteLength, sha256: digestOf(content) };
    put({ ...list, services: [{ ...entry, list: said }] });
  };
  const renamed = (name: string) => () =>
    putFiles((list) => ({ ...list, files: [...list.files.slice(0, 2), { ...list.files[2], path: name }] }));

  it.each([
    [
      "a changed file",
      () => fs.writeFileSync(at(program), fs.readFileSync(at(program), "utf8").replace("a", "b")),
      /was changed/,
    ],
    ["a file that is longer", () => fs.appendFileSync(at(program), "#"), /larger than/],
    ["a file that is shorter", () => fs.truncateSync(at(program), 10), /was changed/],
    [
      "a file that never ends",
      () => (fs.rmSync(at(program)), fs.symlinkSync("/dev/zero", at(program))),
      /was not read/,
    ],
    ["a missing file", () => fs.rmSync(at(program)), /is not there/],
    ["a link", () => (fs.renameSync(at(program), at("x")), fs.symlinkSync(at("x"), at(program))), /was not read/],
    ["a list that the index does not know", () => fs.appendFileSync(at("words/files.json"), "\n"), /larger than/],
    ["another's signature", () => putFiles((list) => list, stranger), /another key/],
    ["a path above its folder", renamed("../run"), /of plain names/],
    ["a path from the root", renamed("/etc/passwd"), /of plain names/],
    ["a path that goes up in it", renamed("program/../../run"), /of plain names/],
    ["a path of another's", renamed("program//run"), /of plain names/],
    ["more than it says", () => putFiles((list) => ({ ...list, files: list.files.slice(0, 2) })), /another size/],
    [
      "a size that cannot be",
      () => putFiles((list) => ({ ...list, files: [{ ...list.files[0], bytes: 2 ** 40 }] })),
      /files\.0\.bytes/,
    ],
    ["another version", () => putFiles((list) => ({ ...list, version: "2.0.0" })), /is "words" 2.0.0/],
    ["an expiry that is over", () => putFiles((list) => ({ ...list, expires: "2026-11-28T00:00:00Z" })), /expired/],
    [
      "more rights than its index says",
      () => {
        const list = read();
        const rights = { serves: [], uplink: true, firewall: false, host: [] };
        put({ ...list, services: [{ ...list.services[0], rights }] });
      },
      /other rights/,
    ],
  ])("with %s is refused, and nothing of it is left", async (_what, change, why) => {
    change();
    const indexes = await added();
    await expect(fetched(indexes)).rejects.toThrow(why);
    expect(kept()).toEqual(["service-indexes.json"]);
  });
});

it("an index is read, and a service of it fetched, from a web server as from a folder", async () => {
  const server = https.createServer({ cert: TEST_CERTIFICATE, key: TEST_KEY }, ({ url = "" }, response) => {
    const file = path.join(home, url);
    if (fs.existsSync(file)) response.end(fs.readFileSync(file));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const source = `https://localhost:${(server.address() as AddressInfo).port}/shop/`;
  try {
    const indexes = await opened(TEST_CERTIFICATE);
    expect(await indexes.add(source, KEY)).toMatchObject({ name: "shop", source });
    const fetched = (): Promise<string[]> =>
      indexes.fetch(indexes.offered("words", null), (folder) => Promise.resolve(fs.readdirSync(folder).toSorted()));
    expect(await fetched()).toEqual(["program", "service.yaml"]);
    fs.rmSync(at("words/program/count-words.py"));
    await expect(fetched()).rejects.toThrow(/is not there/);
    expect(kept()).toEqual(["service-indexes.json"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

describe("an index that is made", () => {
  it("is of signed services in folders of their names alone, and its version rises", async () => {
    expect(await publish()).toMatchObject({ name: "shop", version: 2, services: [{ name: "words" }] });
    expect(await signIndex(place, { name: "mine", key, days: 1, nowMs })).toMatchObject({ name: "mine", version: 3 });
    const sign = (): Promise<IndexList> => signIndex(place, { name: null, key, days: 1, nowMs });
    await newService(place, "more");
    await expect(sign()).rejects.toMatchObject(code("service.not-signed"));
    fs.rmSync(at("more"), { recursive: true });
    fs.renameSync(at("words"), at("wrong"));
    await expect(sign()).rejects.toMatchObject(code("service.bad-folder", /its folder has to have that name/));
    fs.renameSync(at("wrong"), at("words"));
    fs.appendFileSync(at("words/service.yaml"), "#\n");
    await expect(sign()).rejects.toMatchObject(code("service.bad-signature"));
  });
});
