/** What is signed and what is taken for it: nothing but the very folder that was signed, by the key that it names. */
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tries } from "#shared/testing/tries.ts";
import { readService } from "../catalog.ts";
import { newService } from "../scaffold.ts";
import { type FileList, listText, parseFileList } from "./lists.ts";
import { fingerprintOf, publicKeyText, signatureProblem, signatureText } from "./minisign.ts";
import { signFolder, verifyFolder } from "./signed-folder.ts";
import { signingKey } from "./signing-key.ts";

const NOW = Date.parse("2026-11-29T00:00:00Z");
const DAY_MS = 86_400_000;
const { privateKey: key } = generateKeyPairSync("ed25519");
const { privateKey: other } = generateKeyPairSync("ed25519");

let home: string;
let folder: string;

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-signing-"));
  folder = await newService(home, "words");
});
afterEach(() => fs.rmSync(home, { recursive: true }));

const at = (file: string): string => path.join(folder, file);
const sign = async (by = key, nowMs = NOW): Promise<FileList> =>
  signFolder(folder, await readService(folder, null), { key: by, days: 30, nowMs });
const verify = async (nowMs = NOW): Promise<FileList> => verifyFolder(folder, await readService(folder, null), nowMs);

/** Another list with a signature of its own. */
function put(list: object, by = key): void {
  const text = listText(list as FileList);
  fs.writeFileSync(at("files.json"), text);
  fs.writeFileSync(at("files.json.minisig"), signatureText(Buffer.from(text), "x", by));
}

describe("a signature", () => {
  const content = Buffer.from("content");
  const good = signatureText(content, "service words 1.0.0", key);

  it("is of its content and its comment, by its key", () => {
    expect(signatureProblem(content, good, publicKeyText(key))).toBeNull();
    expect(signatureProblem(Buffer.from("contents"), good, publicKeyText(key))).toMatch(/^its signature is wrong/);
    expect(signatureProblem(content, good.replace("1.0.0", "1.0.1"), publicKeyText(key))).toMatch(/is wrong/);
    expect(signatureProblem(content, good, publicKeyText(other))).toBe("it is signed by another key");
    // The id is no secret: who writes it into his own has still another key.
    const [a = "", line = "", ...rest] = signatureText(content, "x", other).split("\n");
    const id = Buffer.from(publicKeyText(key), "base64").subarray(2, 10);
    const bytes = Buffer.from(line, "base64");
    id.copy(bytes, 2);
    const forged = [a, bytes.toString("base64"), ...rest].join("\n");
    expect(signatureProblem(content, forged, publicKeyText(key))).toMatch(/is wrong/);
  });

  it("is none with any other byte in it, and never throws", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1, unit: "binary" }), (place, one) => {
        const changed = good.slice(0, place) + one + good.slice(place + 1);
        // The first line is a comment that nobody has signed; a line's end may be missing at the end.
        fc.pre(changed !== good && place >= good.indexOf("\n") && place < good.length - 1);
        expect(signatureProblem(content, changed, publicKeyText(key))).not.toBeNull();
      }),
      tries(500),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(signatureProblem(content, text, publicKeyText(key))).not.toBeNull();
        expect(signatureProblem(content, good, text)).not.toBeNull();
      }),
      tries(200),
    );
  });

  it("that minisign 0.11 has made (minisign -Sl) is read", () => {
    const vector = {
      key: "RWRprW2btBgPYVzGoo95oFy0+wbAW7vY60sF9IGmeZiFKV3Obh6VonRt",
      text: "untrusted comment: signature from minisign secret key\nRWRprW2btBgPYe9EGZoSY6Hcnzw9CnPSUcKpmeOSvgZpMHneLoP36smJKTpaGA/xOYy0HZcoVDgv6RcsZbCKshoNhPaSZdLGXQI=\ntrusted comment: service words 1.0.0\npCNCSy4l5KKBMCDaykQxOogVt4PqzB+hXBsakWeRKDsB4sa4b0TeV0yCvxKSBDtbQ3DOTzh113vQb0PzpT63Bw==\n",
    };
    expect(signatureProblem(Buffer.from("made by minisign\n"), vector.text, vector.key)).toBeNull();
    expect(signatureProblem(Buffer.from("made by another\n"), vector.text, vector.key)).toMatch(/is wrong/);
  });

  it("has a key that people can compare", () => {
    expect(fingerprintOf(publicKeyText(key))).toMatch(/^([0-9a-f]{4}-){4}[0-9a-f]{4}$/);
    expect(fingerprintOf(publicKeyText(key))).not.toBe(fingerprintOf(publicKeyText(other)));
  });
});

describe("a signed folder", () => {
  it("is what was signed, with version, expiry and key", async () => {
    const signed = await sign();
    expect(await verify()).toEqual(signed);
    expect(signed).toMatchObject({ name: "words", version: "1.0.0", expires: "2026-12-29T00:00:00Z" });
    expect(signed.key).toBe(publicKeyText(key));
    expect(signed.files.map(({ path: file, isExecutable }) => [file, isExecutable])).toEqual([
      ["service.yaml", false],
      ["program/atoll_service.py", false],
      ["program/count-words.py", true],
    ]);
    // Signed again it is another list.
    expect((await sign(other)).key).toBe(publicKeyText(other));
    expect(await verify()).toMatchObject({ key: publicKeyText(other) });
  });

  it.each([
    ["a changed file", () => fs.appendFileSync(at("program/count-words.py"), "#"), /count-words\.py was changed/],
    ["a changed manifest", () => fs.appendFileSync(at("service.yaml"), "#\n"), /service\.yaml was changed/],
    ["one more file", () => fs.writeFileSync(at("program/more"), ""), /program\/more is not in the list/],
    ["a missing file", () => fs.rmSync(at("program/atoll_service.py")), /atoll_service\.py is missing/],
    [
      "a file that can be executed now",
      () => fs.chmodSync(at("program/atoll_service.py"), 0o755),
      /whether program\/atoll_service\.py can be executed was changed/,
    ],
    [
      "another version, of the same list",
      () => fs.writeFileSync(at("service.yaml"), fs.readFileSync(at("service.yaml"), "utf8").replace("1.0.0", "2.0.0")),
      /what is signed is "words" 1\.0\.0, and it says that it is "words" 2\.0\.0/,
    ],
    ["a changed list", () => fs.appendFileSync(at("files.json"), "\n"), /its signature is wrong/],
    [
      "another key in its list",
      () => {
        const list = JSON.parse(fs.readFileSync(at("files.json"), "utf8")) as FileList;
        fs.writeFileSync(at("files.json"), listText({ ...list, key: publicKeyText(other) }));
      },
      /it is signed by another key/,
    ],
    ["a list that is too large", () => fs.truncateSync(at("files.json"), 10_000_000), /larger than 524288 bytes/],
    [
      "a link for its list",
      () => {
        fs.renameSync(at("files.json"), path.join(home, "list"));
        fs.symlinkSync(path.join(home, "list"), at("files.json"));
      },
      /cannot be used/,
    ],
  ])("is refused with %s", async (_what, change, words) => {
    await sign();
    change();
    const refused = verify();
    await expect(refused).rejects.toMatchObject({ code: "service.bad-signature" });
    await expect(refused).rejects.toThrow(words);
  });

  it("with a link among its files is no service's folder", async () => {
    await sign();
    fs.symlinkSync("/etc/passwd", at("program/link"));
    await expect(verify()).rejects.toMatchObject({ code: "service.bad-folder" });
  });

  it("is refused when its signature has expired", async () => {
    await sign();
    await expect(verify(NOW + 30 * DAY_MS - 1)).resolves.toMatchObject({ name: "words" });
    await expect(verify(NOW + 30 * DAY_MS)).rejects.toMatchObject({ code: "service.expired" });
  });

  it.each(["files.json", "files.json.minisig"])("without %s is not signed", async (file) => {
    await sign();
    fs.rmSync(at(file));
    await expect(verify()).rejects.toMatchObject({ code: "service.not-signed" });
  });
});

describe("a list, also a signed one,", () => {
  const file = { path: "service.yaml", bytes: 1, sha256: "ab".repeat(32), isExecutable: false };
  const list = {
    ...{ format: 1, kind: "service", name: "words", version: "1.0.0", expires: "2027-01-01T00:00:00Z" },
    key: publicKeyText(key),
    files: [file],
  };
  const read = (change: object): FileList => parseFileList(Buffer.from(JSON.stringify({ ...list, ...change })), "it");

  it("is taken where nothing is wrong", () => expect(read({})).toEqual(list));

  it.each([
    ["a path out of its folder", { files: [file, { ...file, path: "program/../../x" }] }],
    ["an absolute path", { files: [file, { ...file, path: "/etc/passwd" }] }],
    ["a path beside its program", { files: [file, { ...file, path: "settings.yaml" }] }],
    ["a hidden file", { files: [file, { ...file, path: "program/.x" }] }],
    ["a path twice", { files: [file, file] }],
    ["no manifest", { files: [{ ...file, path: "program/run" }] }],
    ["a file that is too large", { files: [file, { ...file, path: "program/a", bytes: 2 ** 40 }] }],
    [
      "files that are too large together",
      { files: [file, ...["a", "b"].map((name) => ({ ...file, path: `program/${name}`, bytes: 40 * 1_048_576 }))] },
    ],
    ["too many files", { files: Array.from({ length: 600 }, (_, n) => ({ ...file, path: `program/f${n}` })) }],
    ["a name that is none", { name: "../words" }],
    ["a field that nobody knows", { more: 1 }],
    ["another kind", { kind: "index" }],
    ["no expiry", { expires: "never" }],
    ["a key that is none", { key: "RWQ" }],
  ])("is refused with %s", async (_what, change) => {
    expect(() => read(change)).toThrow(/is not a valid list/);
    put({ ...list, ...change });
    await expect(verify()).rejects.toMatchObject({ code: "service.bad-signature" });
  });
});

describe("a person's key", () => {
  it("is made once, for its owner alone", async () => {
    const made = await signingKey(path.join(home, "config"));
    const file = path.join(home, "config/service-signing-key.pem");
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(publicKeyText(await signingKey(path.join(home, "config")))).toBe(publicKeyText(made));
    expect(publicKeyText(createPrivateKey(fs.readFileSync(file)))).toBe(publicKeyText(made));
  });

  it("is not used where others can read it, or where it is none", async () => {
    await signingKey(home);
    const file = path.join(home, "service-signing-key.pem");
    fs.chmodSync(file, 0o640);
    await expect(signingKey(home)).rejects.toThrow(/can be read by others/);
    fs.chmodSync(file, 0o600);
    fs.writeFileSync(file, "no key");
    await expect(signingKey(home)).rejects.toThrow(/is not an ed25519 key/);
  });
});
