/** What stands in a definition for a VM that somebody else runs. */
import { z } from "zod";
import { socketPath } from "#shared/model/socket-path.ts";
import type { MachineDefinition } from "../driver.ts";
import type { DriverType } from "../drivers.ts";

const fields = z.object({
  /** Sockets that the agent, or whoever runs the VM, listens on. */
  channels: z.strictObject(
    { control: socketPath, frames: socketPath, bulk: socketPath },
    "an external VM needs the sockets of its control, frames and bulk ports",
  ),
});

export const EXTERNAL = { name: "external", fields } as const satisfies DriverType<typeof fields.shape>;

export type ExternalFields = z.infer<typeof fields>;
export type ExternalDefinition = MachineDefinition & ExternalFields;
