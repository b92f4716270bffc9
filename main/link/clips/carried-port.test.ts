import { describe, expect, it } from "vitest";
import { CarriedPort } from "./carried-port.ts";

/** What a port has sent and heard, in order. */
function carrying(): { port: CarriedPort; log: unknown[]; listen: () => void } {
  const log: unknown[] = [];
  const port = new CarriedPort((message) => log.push({ sent: message }));
  port.on("close", () => log.push("closed"));
  const listen = (): void => {
    port.on("message", ({ data }) => log.push({ heard: data }));
    port.start();
  };
  return { port, log, listen };
}

describe("a carried port", () => {
  it("sends, and hears in order what came before anybody listened", () => {
    const { port, log, listen } = carrying();
    port.carried(1);
    port.carried(2);
    port.postMessage(3);
    expect(log).toEqual([{ sent: 3 }]);
    listen();
    port.carried(4);
    expect(log.slice(1)).toEqual([{ heard: 1 }, { heard: 2 }, { heard: 4 }]);
    listen();
    expect(log).toHaveLength(4);
  });

  it("sends and hears nothing once it is closed, not even that the other end is lost", () => {
    const { port, log, listen } = carrying();
    listen();
    port.close();
    port.postMessage(1);
    port.carried(2);
    port.lost();
    expect(log).toEqual([]);
  });

  it("says that the other end is lost", () => {
    const { port, log } = carrying();
    port.lost();
    expect(log).toEqual(["closed"]);
  });
});
