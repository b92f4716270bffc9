import { mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findDisplay, x11Addresses } from "./host-display.mjs";

/** Of no X server: sockets are counted from 0 on. */
const NO_DISPLAY = ":987654";

describe("the host's display", () => {
  let runtime = "";
  const servers: net.Server[] = [];
  const wordsFor = async (env: NodeJS.ProcessEnv) => {
    const found = await findDisplay(env);
    return "words" in found ? found.words : "";
  };
  const listen = async (options: net.ListenOptions) => {
    const server = net.createServer((socket) => socket.resume()).listen(options);
    await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
    servers.push(server);
    return server.address();
  };

  beforeAll(async () => {
    runtime = mkdtempSync(join(tmpdir(), "atoll-display-"));
    await listen({ path: join(runtime, "wayland-7") });
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(runtime, { recursive: true });
  });

  it("is missing where no variable names one", async () => {
    expect(await wordsFor({})).toContain("neither WAYLAND_DISPLAY nor DISPLAY is set");
  });

  it("is missing where nobody answers, and what was tried is said", async () => {
    const env = { DISPLAY: NO_DISPLAY, WAYLAND_DISPLAY: "wayland-8", XDG_RUNTIME_DIR: runtime };
    const words = await wordsFor(env);
    expect(words).toContain("nobody answers at WAYLAND_DISPLAY=wayland-8 or DISPLAY=:987654.\n");
    expect(words).toContain("xvfb-run");
  });

  it.each([undefined, NO_DISPLAY])(
    "is Wayland's, with Electron's arguments for it, where DISPLAY is %s",
    async (x11) => {
      const env = { DISPLAY: x11, WAYLAND_DISPLAY: "wayland-7", XDG_RUNTIME_DIR: runtime };
      await expect(findDisplay(env)).resolves.toEqual({ electronArgs: ["--ozone-platform=wayland"] });
    },
  );

  it("is X11's where that answers, in the abstract namespace too", async () => {
    const number = 1_000_000 + process.pid;
    await listen({ path: `\0/tmp/.X11-unix/X${number}` });
    const env = { DISPLAY: `:${number}.0`, WAYLAND_DISPLAY: "wayland-7", XDG_RUNTIME_DIR: runtime };
    await expect(findDisplay(env)).resolves.toEqual({ electronArgs: [] });
  });
});

it.each([
  [":0", [{ path: "/tmp/.X11-unix/X0" }, { path: "\0/tmp/.X11-unix/X0" }]],
  ["unix:12.1", [{ path: "/tmp/.X11-unix/X12" }, { path: "\0/tmp/.X11-unix/X12" }]],
  ["localhost:10.0", [{ host: "localhost", port: 6010 }]],
  ["tcp/[::1]:1", [{ host: "::1", port: 6001 }]],
  ["nonsense", []],
  ["", []],
])("a display called %j is looked for in its place", (display, addresses) => {
  expect(x11Addresses(display)).toEqual(addresses);
});
