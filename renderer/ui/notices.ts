/** Messages of the host in a line or two, in a corner; they stay while they are being read. */
import { Toast } from "@base-ui/react/toast";

const NOTICE_MS = 8_000;
/**
 * Kept at once: they stay while the desktop is not in front, and a guest may bring about many. More than are shown, so that some
 * that were not seen come after those that are put away.
 */
const MAX_KEPT = 20;

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
  /** Ids of the newest, the oldest first; some of them may have gone. */
  readonly #kept: string[] = [];
  #isAway = false;
  /** Ids of those that came while the desktop was not in front. */
  readonly #unseen = new Set<string>();

  /** The desktop is not in front any more: what is told from now on stays until it is again. Base UI itself keeps what is shown. */
  left(): void {
    this.#isAway = true;
  }

  /** It is in front again. */
  back(): void {
    this.#isAway = false;
    for (const id of this.#unseen) this.manager.update(id, { timeout: NOTICE_MS });
    this.#unseen.clear();
  }

  /** Something has failed. The same text again replaces the one that is still shown. */
  show(text: string): void {
    this.#replaceSame(text, () =>
      this.manager.add({
        description: text,
        timeout: this.#isAway ? 0 : NOTICE_MS,
        priority: "high",
        data: { isGood: false },
      }),
    );
  }

  /** Something has come to an end that the person did not wait for. */
  tell(text: string, { isGood, action }: NoticeOptions): void {
    this.#replaceSame(text, () => {
      const id = this.manager.add({
        description: text,
        timeout: this.#isAway ? 0 : NOTICE_MS,
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
    this.#kept.push(this.#last.id);
    if (this.#isAway) this.#unseen.add(this.#last.id);
    const oldest = this.#kept.length > MAX_KEPT ? this.#kept.shift() : undefined;
    if (oldest === undefined) return;
    this.#unseen.delete(oldest);
    this.manager.close(oldest);
  }
}
