/** Text of a guest that would be obeyed, or would lie, where it is shown: by each way from a guest to main. */
import { expect, it } from "vitest";
import { FailureCode, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { APPS } from "./contracts/apps.ts";
import { EXECS } from "./contracts/execs.ts";
import { LAUNCHES } from "./contracts/launches.ts";
import { ServiceHost } from "./testing/service-host.ts";

const EVIL = "a\u001b]52;c;aGk=\u0007b\u009b31m\u202Egpj.exe\u2066c\u200b\r\n\u0000d\u{E0041}";
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

it.each<[string, (host: ServiceHost) => string]>([
  [
    "title and application of a window",
    (host) => host.say("windowOpened", { surface: 1, kind: Kind.X11, title: EVIL, appId: EVIL }),
  ],
  [
    "a title that changes",
    (host) => {
      host.say("windowOpened", { surface: 1, kind: Kind.X11 });
      return host.say("windowChanged", { surface: 1, title: EVIL, appId: EVIL });
    },
  ],
  [
    "an application",
    (host) => {
      host.order(APPS, { request: 1 });
      return host.say("apps", {
        request: 1,
        apps: [{ id: EVIL, name: EVIL, mimeTypes: [EVIL], categories: [EVIL] }],
        last: true,
      });
    },
  ],
  [
    "why a launch failed",
    (host) => {
      host.order(LAUNCHES, { request: 1, appId: "foot", argv: [], files: [] });
      return host.say("requestFailed", { request: 1, code: FailureCode.NOT_FOUND, detail: EVIL });
    },
  ],
  [
    "why a command failed",
    (host) => {
      host.order(EXECS, { type: "start", exec: 1, argv: ["ls"], tty: null });
      return host.say("execFailed", { exec: 1, code: FailureCode.NOT_FOUND, detail: EVIL });
    },
  ],
])("%s is cleaned", (_way, say) => {
  const host = new ServiceHost();
  expect(say(host)).toBe("accepted");
  expect(host.events.length).toBeGreaterThan(0);
  for (const text of textsIn(host.events)) expect(text).not.toMatch(HARMFUL);
  expect(textsIn(host.events).some((text) => text.includes("gpj.exe"))).toBe(true);
});

it.each<[string, (host: ServiceHost) => string]>([
  ["a cursor's name", (host) => host.say("cursorChanged", { cursor: { case: "shape", value: EVIL } })],
  [
    "a title that is too long",
    (host) => host.say("windowOpened", { surface: 1, kind: Kind.X11, title: EVIL.repeat(500) }),
  ],
])("%s does not get into the words of a violation", (_way, say) => {
  const host = new ServiceHost();
  say(host);
  for (const text of textsIn(host.violations)) expect(text).not.toMatch(HARMFUL);
});

/** Every text within a value. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(textsIn) : [];
}
