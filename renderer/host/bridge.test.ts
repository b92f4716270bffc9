// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { LINK_PORTS } from "#shared/ipc/channels.ts";
import { onLinkPorts } from "./bridge.ts";

it("ports of a link are taken from this page alone, and only as a pair for a VM", () => {
  const taken: unknown[] = [];
  onLinkPorts((vm) => taken.push(vm));
  const [one, two] = [new MessageChannel().port1, new MessageChannel().port1];
  const post = (data: unknown, ports: MessagePort[], source: unknown = window): void => {
    const event = new MessageEvent("message", { data });
    Object.defineProperties(event, { ports: { value: ports }, source: { value: source } });
    window.dispatchEvent(event);
  };
  post({ type: LINK_PORTS, vm: "a" }, [one, two], null);
  post({ type: LINK_PORTS, vm: "b" }, [one]);
  post({ type: "other", vm: "c" }, [one, two]);
  post({ type: LINK_PORTS }, [one, two]);
  post(null, [one, two]);
  expect(taken).toEqual([]);
  post({ type: LINK_PORTS, vm: "d" }, [one, two]);
  expect(taken).toEqual(["d"]);
});
