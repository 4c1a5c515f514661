// A desktop notification for each new input request, once the person has allowed them.
import { useEffect, useRef, useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import { MOST, useInbox, wholeInbox } from "../api/queries";
import type { InputRequest } from "../api/types";
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

function notify(request: InputRequest, open: () => void) {
  const note = new Notification(`${request.flow_name} asks`, {
    body: request.description ? firstLine(request.description) : request.flow_run_name,
    tag: request.id,
  });
  note.onclick = () => {
    window.focus();
    open();
  };
}

const NEVER = "~"; // behind all times

/** Those that came after the list was read that was there before. */
export function newOf(list: readonly InputRequest[], before: readonly InputRequest[]) {
  const known = new Set(before.map(({ id }) => id));
  // Behind the end of a full list there were others already.
  const end = before.length < MOST ? undefined : (before.at(-1)!.deadline ?? NEVER);
  return list.filter(
    ({ id, deadline }) => !known.has(id) && (end === undefined || (deadline ?? NEVER) < end),
  );
}

export function useNotifications() {
  const [, go] = useLocation();
  const requests = useInbox(wholeInbox, useNotificationPermission() === "granted").data;
  const known = useRef<InputRequest[]>(undefined);
  useEffect(() => {
    if (!requests) return;
    const before = known.current;
    known.current = requests;
    if (!before || !document.hidden) return;
    for (const request of newOf(requests, before))
      notify(request, () => go(`/requests/${request.id}`));
  }, [requests, go]);
}
