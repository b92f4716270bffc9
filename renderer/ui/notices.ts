/** Messages of the host in a line or two, in a corner; they stay while they are being read. */
import { Toast } from "@base-ui/react/toast";

const NOTICE_MS = 8_000;

export class NoticeQueue {
  /** What the view shows. */
  readonly manager = Toast.createToastManager();
  #last = { text: "", id: "" };

  /** Something has failed. The same text again replaces the one that is still shown. */
  show(text: string): void {
    if (this.#last.text === text) this.manager.close(this.#last.id);
    this.#last = { text, id: this.manager.add({ description: text, timeout: NOTICE_MS, priority: "high" }) };
  }
}
