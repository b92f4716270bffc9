import { expect, it } from "vitest";
import { LONGEST_SOCKET_NAME } from "../../base/paths.ts";
import { RUNTIME_FILES } from "./argv.ts";

it("no socket has a longer name than the one by which a home is measured", () => {
  const sockets = Object.values(RUNTIME_FILES).filter((name) => name.endsWith(".sock"));
  expect(sockets).toContain(LONGEST_SOCKET_NAME);
  for (const name of sockets) expect(name.length).toBeLessThanOrEqual(LONGEST_SOCKET_NAME.length);
});
