/** Has the windows of a VM drawn before there is a page for them. */
import { Emitter } from "../../base/emitter.ts";
import { FRAMES_AHEAD, type FramesEvent, type FramesOrder } from "../../link/contracts/frames.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";

/** `drew`: something was drawn that nobody saw. */
class FramesAhead extends Emitter<{ drew: [] }> implements ServiceClient<FramesEvent> {
  readonly #context: ClientContext<FramesOrder>;

  constructor(context: ClientContext<FramesOrder>) {
    super();
    this.#context = context;
  }

  /** Until a page comes. @throws AppError vm.not-running */
  begin(): void {
    this.#context.send({ isDrawnAhead: true });
  }

  happened(): void {
    this.emit("drew");
  }
}

export const framesAhead = serviceClient(FRAMES_AHEAD, (context) => new FramesAhead(context));
