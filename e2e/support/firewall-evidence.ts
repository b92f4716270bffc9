/** What a firewall was like when a test failed, in the test's output: a fault that is seen once a month has to say itself what it was. */
import type { TestInfo } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";
import type { RootInService } from "./root-in-service.ts";

/** Of each part, from its end. */
const MAX_CHARACTERS = 24_000;

const COMMANDS = [
  ["network", "flows"],
  ["network", "alerts"],
  ["service", "info", "firewall"],
  ["service", "log", "firewall"],
] as const;

/** What root asks in the firewall's VM. Suricata says at its end what it has accepted and dropped: it is the last. */
const QUESTIONS = [
  "date +%s.%N; cat /proc/uptime /proc/loadavg",
  "nft list ruleset",
  "cat /proc/net/nf_conntrack",
  // Its columns: queue, port, waiting, mode, range, dropped for want of room, dropped for want of a reader, last packet.
  "cat /proc/net/netfilter/nfnetlink_queue",
  "cat /proc/net/snmp /proc/net/netstat",
  "ls -lR scan; cat scan/suricata.yaml",
  "kill -INT $(cat scan/suricata.pid) && sleep 3",
] as const;

/** To be called after each test. @param root null: without what only root sees */
export async function tellOfFirewall(
  desktop: TestDesktop,
  root: RootInService | null,
  { status, expectedStatus, title }: TestInfo,
): Promise<void> {
  if (status === expectedStatus) return;
  const tell = (name: string, text: string): void => {
    process.stdout.write(`\n=== ${title}: ${name}\n${text.slice(-MAX_CHARACTERS)}\n`);
  };
  const ask = async (name: string, asked: () => Promise<string>): Promise<void> =>
    // One that cannot be asked any more must not hide the others, nor the failure.
    tell(name, await asked().catch((error: unknown) => `cannot be asked: ${String(error)}`));
  for (const words of COMMANDS)
    await ask(words.join(" "), async () => (await desktop.atoll(...words, "--json")).stdout.trim());
  if (root !== null) {
    for (const question of QUESTIONS) await ask(question, () => root.run(desktop, question));
    await ask("what its program said", () => root.log(desktop));
  }
  await ask("the application's log", () => Promise.resolve(desktop.log()));
}
