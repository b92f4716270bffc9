/** The desktop's page within its walls: what a guest that had broken into it still could not do. */
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;
/** Something that could be reached, if the page could reach anything. */
let server: http.Server;
let reached: string[];
let elsewhere: string;

test.beforeAll(async () => {
  reached = [];
  server = http.createServer((request, response) => {
    reached.push(request.url ?? "");
    response.setHeader("access-control-allow-origin", "*");
    response.end("<title>elsewhere</title>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  elsewhere = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  desktop = await TestDesktop.open({});
});

test.afterAll(async () => {
  server.close();
  await desktop.close();
});

test("has no Node, and of Electron nothing but the bridge", async () => {
  const page = await desktop.page();
  const seen = await page.evaluate(() => ({
    node: ["require", "process", "module", "Buffer", "global"].filter((name) => name in globalThis),
    bridge: Object.keys(window.atoll).toSorted(),
  }));
  expect(seen).toEqual({
    node: [],
    bridge: ["answer", "dropped", "on", "onQuestion", "onQuestionCancelled", "report", "request"],
  });
});

test("runs no code but its own, and fetches nothing from elsewhere", async () => {
  const page = await desktop.page();
  const outcome = await page.evaluate(async (url) => {
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
      document.body.dataset["violated"] = `${document.body.dataset["violated"] ?? ""}${effectiveDirective} `;
    });
    const inline = document.createElement("script");
    let inlined = "taken";
    try {
      inline.append("window.isBroken = true");
    } catch {
      inlined = "refused";
    }
    const elements = (["img", "iframe"] as const).map((tag) => {
      const element = document.createElement(tag);
      element.src = `${url}/${tag}`;
      return element;
    });
    document.body.append(inline, ...elements);
    const fetched = await fetch(`${url}/fetch`).then(
      () => "fetched",
      () => "refused",
    );
    const imported = await import(/* @vite-ignore */ `${url}/import`).then(
      () => "imported",
      () => "refused",
    );
    for (const element of [inline, ...elements]) element.remove();
    return { fetched, imported, inlined, isBroken: "isBroken" in window };
  }, elsewhere);
  expect(outcome).toEqual({ fetched: "refused", imported: "refused", inlined: "refused", isBroken: false });
  const violated = (): Promise<string[]> =>
    page.evaluate(() => (document.body.dataset["violated"] ?? "").trim().split(" ").toSorted());
  await expect
    .poll(violated)
    .toEqual(expect.arrayContaining(["connect-src", "img-src", "require-trusted-types-for", "script-src-elem"]));
  expect(reached).toEqual([]);
});

test("makes no markup and no script of text, and has no second way to", async () => {
  const page = await desktop.page();
  const refused = await page.evaluate(() => {
    const tried: Record<string, () => unknown> = {
      markup: () => (document.createElement("iframe").srcdoc = "<b>bold</b>"),
      script: () => (document.createElement("script").textContent = "1"),
      address: () => (document.createElement("script").src = "https://example.org/1.js"),
      worker: () => new Worker("data:text/javascript,1"),
      policy: () =>
        (
          window as { trustedTypes?: { createPolicy(name: string, rules: object): unknown } }
        ).trustedTypes?.createPolicy("mine", {}),
    };
    const isRefused = (act: () => unknown): boolean => {
      try {
        act();
        return false;
      } catch (error) {
        return error instanceof TypeError;
      }
    };
    return Object.keys(tried).filter((name) => isRefused(tried[name] ?? (() => undefined)));
  });
  expect(refused).toEqual(["markup", "script", "address", "worker", "policy"]);
});

test("goes nowhere, and opens no window", async () => {
  const page = await desktop.page();
  const before = page.url();
  expect(await page.evaluate((url) => window.open(url) === null, elsewhere)).toBe(true);
  await page.evaluate((url) => location.assign(url), elsewhere);
  await page.evaluate((url) => {
    const link = Object.assign(document.createElement("a"), { href: url, target: "_blank" });
    document.body.append(link);
    link.click();
    link.remove();
  }, elsewhere);
  // It is the same page, and it answers.
  expect(await page.evaluate(() => window.atoll.request("template.list", {}))).toMatchObject({ ok: true });
  expect(page.url()).toBe(before);
  expect(reached).toEqual([]);
});

test("is given no permission", async () => {
  const page = await desktop.page();
  const answers = await page.evaluate(async () => {
    const name = (error: unknown): string => (error instanceof Error ? error.name : String(error));
    const allowed = (): string => "allowed";
    return {
      notifications: await Notification.requestPermission(),
      clipboard: await navigator.clipboard.readText().then(allowed, name),
      camera: await navigator.mediaDevices?.getUserMedia({ video: true }).then(allowed, name),
    };
  });
  expect(answers.notifications).toBe("denied");
  expect(answers.clipboard).toBe("NotAllowedError");
  expect([undefined, "NotAllowedError", "NotFoundError"]).toContain(answers.camera);
});

test("is refused what is no request of its contract", async () => {
  const page = await desktop.page();
  const answers = await page.evaluate(async () => {
    const ask = window.atoll.request as (name: string, input: unknown) => Promise<unknown>;
    return {
      unknown: await ask("atoll.delete-everything", {}),
      ofTheCommand: await ask("vm.list", {}),
      malformed: await ask("vm.start", { vm: { toString: "home" } }),
    };
  });
  expect(answers).toMatchObject({
    unknown: { ok: false, error: { code: "usage.unknown-method" } },
    ofTheCommand: { ok: false, error: { code: "usage.unknown-method" } },
    malformed: { ok: false, error: { code: "usage.bad-argument" } },
  });
});

test("has a command's socket beside it that only its user can open", () => {
  const run = path.join(desktop.home, "run");
  const { mode, uid } = fs.statSync(path.join(run, "control.sock"));
  expect([mode & 0o777, uid]).toEqual([0o600, process.getuid?.()]);
  expect(fs.statSync(run).mode & 0o777).toBe(0o700);
});
