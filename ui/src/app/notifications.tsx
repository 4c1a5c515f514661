// A desktop notification for each new input request, once the person has allowed them.
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useInbox } from "../api/queries";
import { firstLine } from "../lib/text";

const watchers = new Set<() => void>();
const subscribe = (watcher: () => void) => {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
};
// On phones they would need a service worker: `new Notification` throws there.
const isDesktop = () => "Notification" in window && matchMedia("(hover: hover)").matches;
const permission = () => (isDesktop() ? Notification.permission : "denied");

/** Whether the person was asked already, and what was said. */
export const useNotificationPermission = () => useSyncExternalStore(subscribe, permission);

export async function askForNotifications() {
  await Notification.requestPermission();
  watchers.forEach((watcher) => watcher());
}

const everything = { text: "", flow: "" };

export function useNotifications() {
  const requests = useInbox(everything).data;
  const seen = useRef<Set<string>>(undefined);
  useEffect(() => {
    if (!requests) return;
    const before = seen.current;
    seen.current = new Set(requests.map((request) => request.id));
    if (!before || permission() !== "granted" || !document.hidden) return;
    for (const request of requests) {
      if (before.has(request.id)) continue;
      const note = new Notification(`${request.flow_name} asks`, {
        body: request.description ? firstLine(request.description) : request.flow_run_name,
        tag: request.id,
      });
      note.onclick = () => {
        window.focus();
        location.assign(`/requests/${request.id}`);
      };
    }
  }, [requests]);
}
