// One WebSocket for the whole page. It says which topics have changed; what they are now is read
// over HTTP, so that nothing is lost when the socket is.
import { useEffect, useSyncExternalStore } from "react";

export type Connection = "connecting" | "online" | "away";

type Listener = () => void;

const SHORTEST_PAUSE = 500; // ms before a new attempt
const LONGEST_PAUSE = 10_000;
const STEADY = 5_000; // ms after which a connection counts as good
const ASK_EACH = 30_000; // ms
const PATIENCE = 10_000; // ms for an answer

// As the server says too. What stands in an address may be anything, but only of ids there is news.
const MOST_TOPICS = 64;
const TOPIC = /^[a-z_]+(:(prefect\.flow-run\.)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/;

export class Live {
  private socket: WebSocket | undefined;
  private topics = new Map<string, Set<Listener>>();
  private watchers = new Set<Listener>();
  private openers = new Set<Listener>();
  private hearers = new Set<Listener>();
  private state: Connection = "connecting";
  private opened = Infinity;
  private pause = SHORTEST_PAUSE;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly url: string) {}

  start() {
    this.connect();
    // After a sleep, or behind a router that has forgotten it, a dead socket looks like one on which
    // nothing happens.
    setInterval(() => this.ask(), ASK_EACH);
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

  /** Calls the listener each time that the page begins to hear from the server. */
  onOpen(listener: Listener) {
    this.openers.add(listener);
  }

  /** When the server is heard from next: at once if it is there. */
  heard(): Promise<void> {
    this.hurry();
    return new Promise((resolve) => this.hearers.add(resolve));
  }

  /** Calls the listener when the topic changes. */
  watch(topic: string, listener: Listener): () => void {
    if (!TOPIC.test(topic)) return () => {};
    const listeners = this.topics.get(topic) ?? new Set();
    listeners.add(listener);
    this.topics.set(topic, listeners);
    if (listeners.size === 1) this.ask();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.topics.get(topic) === listeners) {
        this.topics.delete(topic);
        this.ask();
      }
    };
  }

  private connect() {
    clearTimeout(this.retry);
    this.retry = undefined;
    this.opened = Infinity;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    this.expectWord(socket);
    socket.onopen = () => {
      this.opened = Date.now();
      this.ask();
      this.enter("online");
      this.openers.forEach((listener) => listener());
    };
    socket.onmessage = (message) => {
      clearTimeout(this.patience);
      this.patience = undefined;
      this.hearers.forEach((listener) => listener());
      this.hearers.clear();
      const { changed } = JSON.parse(String(message.data)) as { changed: string[] };
      for (const topic of changed) this.topics.get(topic)?.forEach((listener) => listener());
    };
    socket.onclose = () => this.lose(socket);
  }

  private lose(socket: WebSocket) {
    if (this.socket !== socket) return;
    this.socket = undefined;
    clearTimeout(this.patience);
    this.patience = undefined;
    socket.close();
    // One that is closed again and again is not asked for twice a second for ever.
    if (Date.now() - this.opened > STEADY) this.pause = SHORTEST_PAUSE;
    this.enter("away");
    this.retry = setTimeout(() => this.connect(), this.pause * (0.5 + Math.random()));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
  }

  private hurry() {
    if (this.retry) this.connect();
    else this.ask();
  }

  /** Says what is watched. The server answers each time: if it does not, the socket is dead. */
  private ask() {
    const socket = this.socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const topics = [...this.topics.keys()].slice(0, MOST_TOPICS);
    socket.send(JSON.stringify({ topics }));
    this.expectWord(socket);
  }

  private expectWord(socket: WebSocket) {
    this.patience ??= setTimeout(() => this.lose(socket), PATIENCE);
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
