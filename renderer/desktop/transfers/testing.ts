/** A transfer for tests of its views. */
import type { CrossingParty } from "#shared/model/crossing.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { TransferView } from "#shared/model/transfer.ts";
import type { VmId } from "#shared/model/vm.ts";

export function vmParty(name: string, label: LabelName): CrossingParty {
  return { kind: "vm", id: name as VmId, name, label, role: "app" };
}

export function transferView(change: Partial<TransferView> = {}): TransferView {
  return {
    id: 1,
    from: vmParty("web", "coral"),
    to: vmParty("home", "lagoon"),
    ...{ name: "notes.txt", chosen: 1, state: "moving", detail: "" },
    ...{ files: 8, doneFiles: 2, bytes: 131_000_000, doneBytes: 79_000_000 },
    ...{ rate: 6_400_000, remainingS: 8, failed: 0, canRetry: false },
    ...change,
  };
}
