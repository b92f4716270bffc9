/**
 * The limits of the antivirus on real VMs: what its own count calls whole has been looked at by clamd to its last byte. Long, as clamd
 * unpacks hundreds of MiB on an emulated processor.
 */
import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import type { ScannedFile } from "#shared/ipc/scan.ts";
import { TestDesktop } from "./support/desktop.ts";
import { writePolicy } from "./support/prepare.ts";
import { tar } from "../main/files/testing/tar.ts";
import { zip } from "../main/files/testing/zip.ts";

/** In two parts, so that no scanner takes this file for it. */
const EICAR = Buffer.from(["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"].join(""));
const SIGNATURE = "Eicar-Test-Signature.UNOFFICIAL";

let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(600_000);
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) => writePolicy(home, []));
  await desktop.isRunning("home");
  const started = await desktop.atoll("service", "start", "antivirus");
  expect(started, started.stderr).toMatchObject({ code: 0 });
});

test.afterAll(async () => {
  await desktop.close();
});

async function put(name: string, content: Uint8Array): Promise<void> {
  expect((await desktop.pipe(content, "exec", "home", "--", "sh", "-c", `cat > ${name}`)).code).toBe(0);
}

test("what is at a limit is looked at by clamd to its last byte, and what is beyond one is not called clean", async () => {
  const nested = (depth: number): Buffer => {
    let content: Buffer = EICAR;
    for (let at = 0; at < depth; at += 1) content = zip("a", content);
    return content;
  };
  const many = (files: number): Buffer => {
    const small = Array.from({ length: files }, (_, at) => tar(String(at), Buffer.from(String(at)), { blocks: 0 }));
    return Buffer.concat([...small, tar("last", EICAR)]);
  };
  const large = (files: number): Buffer => {
    const packed = gzipSync(Buffer.alloc(60 * 2 ** 20));
    return Buffer.concat([
      ...Array.from({ length: files }, (_, at) => tar(String(at), packed, { blocks: 0 })),
      tar("last", EICAR),
    ]);
  };
  await desktop.atoll("exec", "home", "--", "mkdir", "limits");
  // As many as may be take an emulated clamd longer than it has.
  await put("limits/bytes-more.tar", large(4));
  await put("limits/deep.zip", nested(12));
  await put("limits/deep-more.zip", nested(13));
  await put("limits/files.tar", many(4_998));
  await put("limits/files-more.tar", many(5_000));
  await put("eicar", EICAR);
  const long = (name: string, zeros: number): string => `(head -c ${zeros} /dev/zero; cat eicar) > limits/${name}`;
  const [most, last] = [64 * 2 ** 20, EICAR.length];
  const script = `${long("size", most - last)}; ${long("size-more", most - last + 1)}`;
  await desktop.atoll("exec", "home", "--", "sh", "-c", script);
  const { stdout: json } = await desktop.atoll("scan", "--json", "home:limits");
  const files = JSON.parse(json) as ScannedFile[];
  const said = files.map(({ path: name, engines: [one] }) => [
    name,
    one?.verdict === "found" ? one.signature : one?.verdict,
  ]);
  // Some of it is found though not all is looked at: that is no less.
  expect(
    said.map(([name, word]) => [name, name?.includes("more") && word === SIGNATURE ? "not-scanned" : word]),
  ).toEqual([
    ["limits/bytes-more.tar", "not-scanned"],
    ["limits/deep-more.zip", "not-scanned"],
    ["limits/deep.zip", SIGNATURE],
    ["limits/files-more.tar", "not-scanned"],
    ["limits/files.tar", SIGNATURE],
    ["limits/size", SIGNATURE],
    ["limits/size-more", "not-scanned"],
  ]);
  // No limit that this clamd has is left to it.
  const unset = `
import re
words = set(re.findall(rb"(?<=\\0)(?:Max|PCRE|Stream)[A-Za-z0-9]+(?=\\0)", open("/usr/sbin/clamd", "rb").read()))
print(*sorted(words - {line.split()[0] for line in open("/tmp/atoll-clamd/clamd.conf", "rb") if line.strip()}))`;
  const { stdout } = await desktop.atoll("exec", "antivirus", "--", "python3", "-c", unset);
  // Of freshclam, and of a way to send files that has no port here.
  expect(stdout.trim().split(" ")).toEqual(["MaxAttempts", "StreamMaxPort", "StreamMinPort"].map((one) => `b'${one}'`));
});
