/** Pictures through the real box: a hidden page of Electron's, between the command and an agent that the test speaks for. */
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "@playwright/test";
import { PNG } from "pngjs";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { scriptedVm, takePut } from "./support/scripted-vm.ts";

const POLICY = "rules:\n  - {action: clipboard.paste, from: '@host', to: pictures, decision: allow}\ntests: []\n";

let desktop: TestDesktop;
let agent: ScriptedAgent;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({}, (home) => {
    fs.mkdirSync(path.join(home, "config"), { recursive: true });
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
  });
  agent = await scriptedVm(desktop, "pictures", "sand");
});
test.afterAll(async () => {
  agent.close();
  await desktop.close();
});

function put(picture: Uint8Array): Promise<{ code: number | null }> {
  return desktop.pipe(picture, "clipboard", "put", "pictures", "--type", "image/png");
}

/** What the guest is given of it; null: nothing whole. */
async function given(picture: Uint8Array): Promise<Buffer | null> {
  const ended = put(picture);
  const { stream } = await agent.hear("clipPut");
  const { bytes, aborted } = await takePut(agent, stream, ["image/png"]);
  expect((await ended).code === 0).toBe(!aborted);
  return aborted ? null : bytes;
}

function picture(width: number, height: number): PNG {
  const png = new PNG({ width, height });
  for (let at = 0; at < png.data.length; at += 4) png.data.writeUInt32BE((((at * 2654435761) >>> 0) | 0xff) >>> 0, at);
  return png;
}

/** A PNG whose header says these sides, with hardly anything behind it. */
function claiming(width: number, height: number): Buffer {
  const png = PNG.sync.write(picture(1, 1));
  const chunk = Buffer.alloc(25);
  png.copy(chunk, 0, 8, 33);
  chunk.writeUInt32BE(width, 8);
  chunk.writeUInt32BE(height, 12);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 21)), 21);
  return Buffer.concat([png.subarray(0, 8), chunk, png.subarray(33)]);
}

/** Hidden pages that there are now. */
function boxes(): Promise<number> {
  return desktop.electron.evaluate(
    ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((window) => !window.isVisible()).length,
  );
}

test("a picture comes as another file with the same pixels, without what else was in it", async () => {
  const png = picture(70, 50);
  const bytes = await given(Buffer.concat([PNG.sync.write(png), Buffer.from("secret")]));
  const decoded = PNG.sync.read(bytes ?? Buffer.alloc(0));
  expect({ width: decoded.width, height: decoded.height }).toEqual({ width: 70, height: 50 });
  expect(decoded.data.equals(png.data)).toBe(true);
  expect(bytes?.includes("secret")).toBe(false);
});

test("one of several MiB comes whole", async () => {
  const png = picture(1600, 1200);
  const decoded = PNG.sync.read((await given(PNG.sync.write(png))) ?? Buffer.alloc(0));
  expect(decoded.data.equals(png.data)).toBe(true);
});

test("what is no picture, or claims more pixels than one may have, reaches nobody", async () => {
  for (const bytes of [
    Buffer.from("no picture"),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    claiming(32_000, 32_000),
    claiming(40_000, 1),
  ])
    expect(await given(bytes)).toBeNull();
  // The next one is served all the same.
  expect(await given(PNG.sync.write(picture(3, 3)))).not.toBeNull();
});

test("the box reaches nothing, and is gone with its picture", async () => {
  let visits = 0;
  const server = http.createServer((_request, response) => {
    visits += 1;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ended = put(PNG.sync.write(picture(9, 9)));
  // Its agent does not read yet: the box waits.
  const { stream } = await agent.hear("clipPut");
  await expect.poll(boxes).toBe(1);
  const seen = await desktop.electron.evaluate(async ({ BrowserWindow, session }, address) => {
    const [window] = BrowserWindow.getAllWindows().filter((one) => !one.isVisible());
    const contents = window?.webContents;
    const fetched = (await contents?.executeJavaScript(
      `fetch("${address}").then(() => "reached", () => "refused")`,
    )) as unknown;
    await contents?.executeJavaScript(`void (location.href = "${address}")`);
    const shown = (await contents?.executeJavaScript(
      `new Promise((done) => { const image = new Image(); image.onload = () => done("reached"); image.onerror = () => done("refused"); image.src = "${address}"; })`,
    )) as unknown;
    return {
      fetched,
      shown,
      node: (await contents?.executeJavaScript("typeof require")) as unknown,
      isOwnSession: contents?.session !== session.defaultSession,
      isPersistent: contents?.session.isPersistent(),
    };
  }, `http://127.0.0.1:${port}/`);
  expect(seen).toEqual({
    fetched: "refused",
    shown: "refused",
    node: "undefined",
    isOwnSession: true,
    isPersistent: false,
  });
  expect((await takePut(agent, stream, ["image/png"])).aborted).toBe(false);
  expect((await ended).code).toBe(0);
  expect(visits).toBe(0);
  await expect.poll(boxes).toBe(0);
  server.close();
});
