/** Real programs on both ends: formatted text, from VM to VM. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { TestDesktop, type } from "./support/desktop.ts";

const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: home, to: web, decision: allow}
tests: []
`;

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY),
  );
  page = await desktop.page();
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
});

async function current(): Promise<string | null> {
  return (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from ?? null;
}

async function focused(vm: string, ...program: string[]): Promise<void> {
  const { element } = await desktop.run(vm, ...program);
  await element.locator('[data-part="content"]').click();
}

/** What a program of the first VM copies when its person starts it there, as one of the other pastes it. */
async function carried([from, to]: [from: string, to: string], mimeType: string, content: Buffer): Promise<Buffer> {
  expect((await desktop.pipe(content, "exec", from, "--", "sh", "-c", "cat > /tmp/copied")).code).toBe(0);
  await focused(from, "foot");
  await type(page, `wl-copy -t ${mimeType} < /tmp/copied\n`);
  await expect.poll(current).toBe(from);
  await focused(to, "foot");
  await type(page, `wl-paste -t ${mimeType} > /tmp/pasted; touch /tmp/done\n`);
  // It pastes without any chord: the person says that they mean it.
  await page.locator(".paste-bar").getByRole("button", { name: "Paste" }).click();
  await desktop.isThere(to, "/tmp/done");
  const got = await desktop.pipe(Buffer.alloc(0), "exec", to, "--", "sh", "-c", "rm /tmp/done; cat /tmp/pasted");
  return got.stdout;
}

test("formatted text comes from program to program without what runs or is fetched", async () => {
  const html =
    '<p>some <b>bold</b> words<script>alert(1)</script><img src="http://192.0.2.1/x.png" onerror="alert(2)"></p>';
  const pasted = (await carried(["home", "web"], "text/html", Buffer.from(html))).toString();
  expect(pasted).toContain("<b>bold</b> words");
  expect(pasted).not.toMatch(/script|alert|192\.0\.2\.1/);
});
