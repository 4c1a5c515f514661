// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Live } from "../src/api/live";

class FakeSocket {
  static OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
  closed = false;
  onopen: () => void = () => {};
  onclose: () => void = () => {};
  onmessage: (message: { data: string }) => void = () => {};

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(text: string) {
    this.sent.push(text);
  }

  open() {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  answer() {
    this.onmessage({ data: '{"changed": []}' });
  }

  close() {
    this.closed = true;
    this.readyState = 3;
    this.onclose();
  }
}

beforeEach(() => {
  FakeSocket.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it says what is watched, and tells of changes", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const heard = vi.fn();
  const stop = live.watch("inbox", heard);
  const socket = FakeSocket.all[0]!;
  socket.open();
  expect(JSON.parse(socket.sent.at(-1)!)).toEqual({ topics: ["inbox"] });
  socket.onmessage({ data: '{"changed": ["inbox", "other"]}' });
  expect(heard).toHaveBeenCalledTimes(1);
  stop();
  expect(JSON.parse(socket.sent.at(-1)!)).toEqual({ topics: [] });
});

const topicsSaid = (socket: FakeSocket) => JSON.parse(socket.sent.at(-1)!).topics as string[];

test("it tells each time that it is open, also the first", () => {
  const live = new Live("ws://x/api/live");
  const opened = vi.fn();
  live.onOpen(opened);
  live.start();
  FakeSocket.all[0]!.open();
  expect(live.connection()).toBe("online");
  expect(opened).toHaveBeenCalledTimes(1);
  FakeSocket.all[0]!.onclose();
  expect(live.connection()).toBe("away");
  vi.advanceTimersByTime(1000);
  FakeSocket.all[1]!.open();
  expect(live.connection()).toBe("online");
  expect(opened).toHaveBeenCalledTimes(2);
});

test("what is no topic of the server's is not named to it, nor more than it takes", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const socket = FakeSocket.all[0]!;
  socket.open();
  const ids = Array.from(
    { length: 70 },
    (_, index) => `00000000-0000-7000-8000-${String(index).padStart(12, "0")}`,
  );
  live.watch(`flow_run:${"x".repeat(300)}`, () => {});
  live.watch("flow_run:no-uuid", () => {});
  live.watch(`sent:prefect.flow-run.${ids[0]}`, () => {});
  for (const id of ids) live.watch(`flow_run:${id}`, () => {});
  expect(topicsSaid(socket)).toHaveLength(64);
  expect(topicsSaid(socket)[0]).toBe(`sent:prefect.flow-run.${ids[0]}`);
  expect(topicsSaid(socket)[1]).toBe(`flow_run:${ids[0]}`);
});

test("one that is closed as soon as it is open is asked for ever more seldom", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const until = Date.now() + 60_000;
  while (Date.now() < until) {
    const socket = FakeSocket.all.at(-1)!;
    if (socket.readyState === 0) {
      socket.open();
      socket.close();
    }
    vi.advanceTimersByTime(100);
  }
  expect(FakeSocket.all.length).toBeLessThan(20);
});

test("one that was good for long is asked for again at once", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  for (let round = 1; round <= 8; round++) {
    const socket = FakeSocket.all.at(-1)!;
    socket.open();
    socket.answer();
    vi.advanceTimersByTime(6000);
    socket.onclose();
    vi.advanceTimersByTime(1000);
    expect(FakeSocket.all).toHaveLength(round + 1);
  }
});

test("a socket on which the server does not answer any more is given up", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const socket = FakeSocket.all[0]!;
  socket.open();
  socket.answer();
  vi.advanceTimersByTime(25_000);
  expect(socket.sent).toHaveLength(1);
  vi.advanceTimersByTime(5000); // it asks
  expect(socket.sent).toHaveLength(2);
  socket.answer();
  vi.advanceTimersByTime(30_000);
  expect(live.connection()).toBe("online");
  vi.advanceTimersByTime(10_000); // nobody has answered the last one
  expect(live.connection()).toBe("away");
  expect(socket.closed).toBe(true);
  vi.advanceTimersByTime(1000);
  FakeSocket.all[1]!.open();
  expect(live.connection()).toBe("online");
});

test("so is one that does not come to be", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  vi.advanceTimersByTime(10_000);
  expect(live.connection()).toBe("away");
});

test("who comes back to the page, or to the net, asks at once", () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const socket = FakeSocket.all[0]!;
  socket.open();
  socket.answer();
  dispatchEvent(new Event("online"));
  expect(socket.sent).toHaveLength(2);
  document.dispatchEvent(new Event("visibilitychange"));
  expect(socket.sent).toHaveLength(3);
});

test("one waits for the server's next word", async () => {
  const live = new Live("ws://x/api/live");
  live.start();
  const socket = FakeSocket.all[0]!;
  socket.open();
  socket.answer();
  const heard = vi.fn();
  void live.heard().then(heard);
  await Promise.resolve();
  expect(heard).not.toHaveBeenCalled();
  socket.onclose();
  vi.advanceTimersByTime(1000);
  FakeSocket.all[1]!.open();
  FakeSocket.all[1]!.answer();
  await Promise.resolve();
  expect(heard).toHaveBeenCalledTimes(1);
});
