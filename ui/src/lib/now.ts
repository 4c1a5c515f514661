// One clock for all times on the page, which ticks only while the page is seen.
import { useSyncExternalStore } from "react";

// How far the server's clock, by which deadlines end, is from the browser's: told in whole seconds, by
// each reply. What may be the way of the reply, or the rest of a second, is no difference.
const SAME = 2000; // ms
let ahead = 0;

/** Takes the header Date of a reply that has just come. */
export function hearDate(date: string | null) {
  const difference = date ? Date.parse(date) - Date.now() : 0;
  ahead = Math.abs(difference) > SAME ? difference : 0;
}

/** The time by the server's clock. */
export const serverTime = () => Date.now() + ahead;

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function tick() {
  now = serverTime();
  watchers.forEach((watcher) => watcher());
}

function run() {
  clearInterval(timer);
  timer = undefined;
  if (watchers.size > 0 && !document.hidden) {
    tick();
    timer = setInterval(tick, 1000);
  }
}

function subscribe(watcher: () => void) {
  watchers.add(watcher);
  if (watchers.size === 1) {
    document.addEventListener("visibilitychange", run);
    run();
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      document.removeEventListener("visibilitychange", run);
      run();
    }
  };
}

const stay = () => () => {};

/** The time now; of what is over there is no need to tick. */
export const useNow = (ticks = true) => useSyncExternalStore(ticks ? subscribe : stay, () => now);
