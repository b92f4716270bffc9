/** Files of one scanner's VM that another is to have. */
import { AppError } from "#shared/model/app-error.ts";
import { carryFiles } from "../files/carry.ts";
import type { Vm } from "../vms/vm.ts";

/** ClamAV's databases have some hundred MiB, and what is in quarantine is bounded by its program. */
const MAX_BYTES = 4 * 1024 ** 3;

export interface Carried {
  from: Vm;
  /** A folder; where there is none, nothing is carried. */
  path: string;
  to: Vm;
  /** In which that folder comes. */
  into: string;
}

/** Whether there was anything; all of it is there when it resolves. @throws AppError vm.not-running, transfer.failed */
export function carryFolder({ from, path, to, into }: Carried): Promise<boolean> {
  const { name } = from.definition;
  return carryFiles({
    from: { end: from, name, what: { paths: [Buffer.from(path)] } },
    to,
    into,
    admit: (listed) => {
      const bytes = listed.reduce((sum, { size }) => sum + size, 0);
      if (bytes <= MAX_BYTES) return listed;
      throw new AppError("transfer.failed", `VM "${name}" has too much to give: ${bytes} bytes.`, { path });
    },
  });
}
