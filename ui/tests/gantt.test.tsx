// @vitest-environment jsdom
import { act, cleanup, render } from "@testing-library/react";
import { Profiler } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { FlowRun } from "../src/api/types";
import { Gantt, type Line } from "../src/pages/run/gantt";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const run = { start_time: "2026-01-01T00:00:00Z", end_time: null } as FlowRun;
const start = Date.parse(run.start_time!);
const line = { id: "a", name: "fetch", needs: [], start } as unknown as Line;

/** How often it is drawn in five seconds. */
async function drawn(lines: Line[]) {
  vi.useFakeTimers({ now: start + 60_000 });
  const onRender = vi.fn();
  render(
    <Profiler id="gantt" onRender={onRender}>
      <Gantt run={run} lines={lines} />
    </Profiler>,
  );
  const before = onRender.mock.calls.length;
  await act(() => vi.advanceTimersByTimeAsync(5000));
  return onRender.mock.calls.length - before;
}

test("what runs is drawn anew each second", async () => {
  expect(await drawn([line])).toBeGreaterThan(0);
});

test("what is over is drawn once", async () => {
  expect(await drawn([{ ...line, end: start + 1000 }])).toBe(0);
});
