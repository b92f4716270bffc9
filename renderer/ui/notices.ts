/** Messages of the host in a line or two, in a corner; they stay while they are being read. */
import { Toast } from "@base-ui/react/toast";

const NOTICE_MS = 8_000;

/** What Base UI keeps with a notice. */
export interface NoticeData {
  isGood: boolean;
}

interface NoticeOptions {
  /** Nothing has to be done about it. */
  isGood: boolean;
  /** A button in it; null: there is none. */
  action: { text: string; run: () => void } | null;
}

export class NoticeQueue {
  /** What the view shows. */
  readonly manager = Toast.createToastManager<NoticeData>();
  #last = { text: "", id: "" };

  /** Something has failed. The same text again replaces the one that is still shown. */
  show(text: string): void {
    this.#replaceSame(text, () =>
      this.manager.add({ description: text, timeout: NOTICE_MS, priority: "high", data: { isGood: false } }),
    );
  }

  /** Something has come to an end that the person did not wait for. */
  tell(text: string, { isGood, action }: NoticeOptions): void {
    this.#replaceSame(text, () => {
      const id = this.manager.add({
        description: text,
        timeout: NOTICE_MS,
        priority: isGood ? "low" : "high",
        data: { isGood },
        ...(action !== null && {
          actionProps: {
            children: action.text,
            onClick: () => {
              this.manager.close(id);
              action.run();
            },
          },
        }),
      });
      return id;
    });
  }

  #replaceSame(text: string, add: () => string): void {
    if (this.#last.text === text) this.manager.close(this.#last.id);
    this.#last = { text, id: add() };
  }
}
