// One clock for all times on the page, which ticks only while the page is seen.
import { useSyncExternalStore } from "react";

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const watchers = new Set<() => void>();

function tick() {
  now = Date.now();
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

export const useNow = () => useSyncExternalStore(subscribe, () => now);
