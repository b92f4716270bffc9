/** What the host has to say in a line or two: it waits in a corner, and stays while it is read. */
import { Toast } from "@base-ui/react/toast";

export const noticeManager = Toast.createToastManager();

const NOTICE_MS = 8_000;
let last = { text: "", id: "" };

/** Something that failed. The same words said again while they are still there renew them. */
export function showNotice(text: string): void {
  if (last.text === text) noticeManager.close(last.id);
  last = { text, id: noticeManager.add({ description: text, timeout: NOTICE_MS, priority: "high" }) };
}
