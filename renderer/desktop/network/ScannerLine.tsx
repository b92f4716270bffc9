/** How the scanner is, where a VM is scanned or something is wrong with its rules. */
import { CircleAlert, CircleCheck, CircleDashed } from "lucide-react";
import type { ScannerView } from "#shared/model/network.ts";
import { RevealedText } from "../../ui/GuestText.tsx";

const WORDS = {
  off: null,
  ready: ["good", "Traffic scanner runs."],
  starting: ["busy", "The traffic scanner starts: VMs that are scanned reach nothing yet."],
  failing: ["bad", "The traffic scanner does not work: VMs that are scanned reach nothing."],
} as const;
const ICONS = { good: CircleCheck, busy: CircleDashed, bad: CircleAlert } as const;

export function ScannerLine({ scanner: { state, detail } }: { scanner: ScannerView }) {
  const words = WORDS[state];
  if (words === null && detail === "") return null;
  const [tone, head] = words ?? ["bad", "The traffic scanner is off."];
  const Icon = ICONS[tone];
  return (
    <p className="network-filter" role="status">
      <b data-tone={tone}>
        <Icon size={13} aria-hidden="true" />
        {head}
      </b>
      {detail !== "" && (
        <span data-tone="warning">
          {" "}
          <RevealedText text={detail} />
        </span>
      )}
    </p>
  );
}
