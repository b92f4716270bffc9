/** The notices that are shown now, newest in front. F6 moves the keyboard focus to them, where no guest has the keys (Super+B). */
import "./notices.css";
import { Toast } from "@base-ui/react/toast";
import { CircleCheck, TriangleAlert, X } from "lucide-react";
import type { NoticeData, NoticeQueue } from "./notices.ts";

export function Notices({ notices }: { notices: NoticeQueue }) {
  return (
    <Toast.Provider toastManager={notices.manager} limit={4}>
      <Toast.Portal className="overlay-layer">
        <Toast.Viewport className="notices">
          <NoticeList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function NoticeList() {
  const { toasts } = Toast.useToastManager<NoticeData>();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="notice" swipeDirection={["right", "down"]}>
      <Toast.Content className="notice-content">
        {toast.data?.isGood === true ? (
          <CircleCheck className="notice-good" size={15} aria-hidden="true" />
        ) : (
          <TriangleAlert size={15} aria-hidden="true" />
        )}
        <Toast.Description className="notice-text" />
        <Toast.Action className="notice-action" />
        <Toast.Close className="notice-close" aria-label="Dismiss">
          <X size={14} />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
