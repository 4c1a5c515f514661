// @vitest-environment jsdom
import { onlineManager, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { cleanup, render, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { gathered, makeClient, readAllAnew, readAnew } from "../src/api/client";

/** Readings that end when the test says so. */
class Readings {
  begun = 0;
  signals: AbortSignal[] = [];
  private ends: ((value: number) => void)[] = [];

  read = ({ signal }: { signal: AbortSignal }) => {
    this.begun += 1;
    this.signals.push(signal);
    return new Promise<number>((resolve) => this.ends.push(resolve));
  };

  end(value: number) {
    this.ends.shift()!(value);
  }
}

const key = ["thing"];

function Thing({ readings }: { readings: Readings }) {
  const { data } = useQuery({ queryKey: key, queryFn: readings.read });
  return <p>{data}</p>;
}

function shown(readings: Readings, client = makeClient()) {
  const view = render(
    <QueryClientProvider client={client}>
      <Thing readings={readings} />
    </QueryClientProvider>,
  );
  return { client, view, text: () => view.container.textContent };
}

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("whoever comes back sees what was, and reads it anew", async () => {
  const readings = new Readings();
  const { client, view, text } = shown(readings);
  readings.end(1);
  await waitFor(() => expect(text()).toBe("1"));
  view.unmount();
  const again = shown(readings, client);
  expect(again.text()).toBe("1");
  expect(readings.begun).toBe(2);
  readings.end(2);
  await waitFor(() => expect(again.text()).toBe("2"));
});

test("also who has left while it was read", async () => {
  const readings = new Readings();
  const { client, view, text } = shown(readings);
  readings.end(1);
  await waitFor(() => expect(text()).toBe("1"));
  void readAnew(client, key);
  await waitFor(() => expect(readings.begun).toBe(2));
  view.unmount();
  expect(readings.signals[1]!.aborted).toBe(true);
  readings.end(2);
  shown(readings, client);
  expect(readings.begun).toBe(3);
});

test("what is read while something changes is read once more, and not broken off", async () => {
  const readings = new Readings();
  const { client, text } = shown(readings);
  void readAnew(client, key);
  expect(readings.begun).toBe(1);
  readings.end(1);
  await waitFor(() => expect(readings.begun).toBe(2));
  expect(readings.signals[0]!.aborted).toBe(false);
  readings.end(2);
  await waitFor(() => expect(text()).toBe("2"));
});

test("a new connection begins with new readings", async () => {
  const readings = new Readings();
  const { client, text } = shown(readings);
  void readAllAnew(client);
  await waitFor(() => expect(readings.begun).toBe(2));
  expect(readings.signals[0]!.aborted).toBe(true);
  readings.end(1); // which nobody hears any more
  readings.end(2);
  await waitFor(() => expect(text()).toBe("2"));
});

test("a browser that is offline asks all the same", async () => {
  onlineManager.setOnline(false);
  const readings = new Readings();
  shown(readings);
  expect(readings.begun).toBe(1);
  onlineManager.setOnline(true);
});

test("what is slow is done to its end under steady change, and once more", async () => {
  vi.useFakeTimers();
  const ended: number[] = [];
  const act = vi.fn(
    () =>
      new Promise<void>((resolve) =>
        setTimeout(() => {
          ended.push(Date.now());
          resolve();
        }, 1000),
      ),
  );
  const change = gathered(act, 200);
  for (let i = 0; i < 100; i++) {
    change();
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(act.mock.calls.length).toBeGreaterThanOrEqual(4);
  expect(act.mock.calls.length).toBeLessThanOrEqual(6);
  expect(ended.length).toBeGreaterThanOrEqual(act.mock.calls.length - 1);
  const before = act.mock.calls.length;
  change();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(act.mock.calls.length).toBe(before + 1);
});

test("many changes at once are done once, also after a failure", async () => {
  vi.useFakeTimers();
  const act = vi.fn(() => Promise.reject(new Error("away")));
  const change = gathered(act, 200);
  for (let round = 1; round <= 2; round++) {
    for (let i = 0; i < 10; i++) change();
    await vi.advanceTimersByTimeAsync(1000);
    expect(act).toHaveBeenCalledTimes(round);
  }
});
