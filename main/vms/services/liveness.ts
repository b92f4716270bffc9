/** Hears whether the agent of a VM answers. */
import { Emitter } from "../../base/emitter.ts";
import { LIVENESS, type LivenessEvent, type LivenessOrder } from "../../link/contracts/liveness.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

class Liveness extends Emitter<{ changed: [isResponsive: boolean] }> implements ServiceClient<LivenessEvent> {
  readonly #context: ClientContext<LivenessOrder>;

  constructor(context: ClientContext<LivenessOrder>) {
    super();
    this.#context = context;
  }

  /** While the VM is paused no answer is expected. */
  setPaused(isPaused: boolean): void {
    this.#context.sendIfLinked({ isPaused });
  }

  happened({ isResponsive }: LivenessEvent): void {
    this.emit("changed", isResponsive);
  }
}

export const liveness = serviceClient(LIVENESS, (context) => new Liveness(context));
