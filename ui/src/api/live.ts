// One WebSocket for the whole page. It says which topics have changed; what they are now is read
// over HTTP, so that nothing is lost when the socket is.
import { useEffect, useSyncExternalStore } from "react";

export type Connection = "connecting" | "online" | "away";

type Listener = () => void;

const SHORTEST_PAUSE = 500; // ms before a new attempt
const LONGEST_PAUSE = 10_000;

export class Live {
  private socket: WebSocket | undefined;
  private topics = new Map<string, Set<Listener>>();
  private watchers = new Set<Listener>();
  private returners = new Set<Listener>();
  private state: Connection = "connecting";
  private pause = SHORTEST_PAUSE;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly url: string) {}

  start() {
    this.connect();
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.hurry();
    });
  }

  connection = (): Connection => this.state;

  watchConnection = (watcher: Listener) => {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  };

  /** Calls the listener each time that the server is back after it was away. */
  onReturn(listener: Listener) {
    this.returners.add(listener);
  }

  /** Calls the listener when the topic changes. */
  watch(topic: string, listener: Listener): () => void {
    const listeners = this.topics.get(topic) ?? new Set();
    listeners.add(listener);
    this.topics.set(topic, listeners);
    if (listeners.size === 1) this.tellTopics();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.topics.get(topic) === listeners) {
        this.topics.delete(topic);
        this.tellTopics();
      }
    };
  }

  private connect() {
    clearTimeout(this.timer);
    this.timer = undefined;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => {
      const returned = this.state === "away";
      this.pause = SHORTEST_PAUSE;
      this.tellTopics();
      this.enter("online");
      if (returned) this.returners.forEach((listener) => listener());
    };
    socket.onmessage = (message) => {
      const { changed } = JSON.parse(String(message.data)) as { changed: string[] };
      for (const topic of changed) this.topics.get(topic)?.forEach((listener) => listener());
    };
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = undefined;
      this.enter("away");
      this.timer = setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    };
  }

  private hurry() {
    if (this.timer) this.connect();
  }

  private tellTopics() {
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ topics: [...this.topics.keys()] }));
  }

  private enter(state: Connection) {
    if (this.state === state) return;
    this.state = state;
    this.watchers.forEach((watcher) => watcher());
  }
}

const scheme = location.protocol === "https:" ? "wss:" : "ws:";
export const live = new Live(`${scheme}//${location.host}/api/live`);

export const useConnection = () => useSyncExternalStore(live.watchConnection, live.connection);

/** Calls `onChange` whenever one of the topics has changed. It has to be stable. */
export function useTopics(topics: readonly string[], onChange: Listener) {
  const key = topics.join(" ");
  useEffect(() => {
    const stops = key ? key.split(" ").map((topic) => live.watch(topic, onChange)) : [];
    return () => stops.forEach((stop) => stop());
  }, [key, onChange]);
}
