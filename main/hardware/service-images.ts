/** What drivers need to know of services, whose VMs they run: the port that the catalog of services (main/services) is behind. */
import type { ProgramFile, Recipe } from "../../images/builder/index.ts";

/** What init starts in a service VM. */
export interface ServiceProgram {
  /** The name of a file of its program, of plain characters. */
  command: string;
  /** As root of its guest, else as its user. */
  isRoot: boolean;
  /** It gets ready before a memory is kept, and is in it. */
  isInSnapshot: boolean;
}

export interface ServiceStart {
  program: ServiceProgram;
  files: readonly ProgramFile[];
}

export interface ServiceImages {
  /**
   * What its image is made from.
   * @param isTrial of another version, which is being tried
   * @throws AppError service.not-found, template.*
   */
  recipe(service: string, isTrial?: boolean): Recipe;
  /** What runs in its VM from the next start on. Rejects with service.not-found. */
  start(service: string, isTrial?: boolean): Promise<ServiceStart>;
}
