// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Live } from "../src/api/live";

class FakeSocket {
  static OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: string[] = [];
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

test("it comes back, and then all is read anew", () => {
  const live = new Live("ws://x/api/live");
  const back = vi.fn();
  live.onReturn(back);
  live.start();
  FakeSocket.all[0]!.open();
  expect(live.connection()).toBe("online");
  FakeSocket.all[0]!.onclose();
  expect(live.connection()).toBe("away");
  vi.advanceTimersByTime(1000);
  FakeSocket.all[1]!.open();
  expect(live.connection()).toBe("online");
  expect(back).toHaveBeenCalledTimes(1);
});
