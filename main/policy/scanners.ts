/** Which scanner looks at what an action lets through. Pure. */
import type { PolicyAction } from "#shared/model/policy.ts";

export interface Scanners {
  /** Whether the firewall's scanner works. */
  readonly traffic: () => boolean;
  /** Whether a service that scans files runs. */
  readonly files: () => boolean;
}

/** Of `Circumstances.hasScanner`: what nobody can scan has none. */
export function hasScannerOf({ traffic, files }: Scanners): (action: PolicyAction) => boolean {
  return (action) => {
    if (action === "net.connect") return traffic();
    return (action === "file.send" || action === "file.open") && files();
  };
}
