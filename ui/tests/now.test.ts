// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hearDate, serverTime } from "../src/lib/now";

const NOW = Date.parse("2026-03-01T12:00:00.900Z");

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

afterEach(() => {
  hearDate(null);
  vi.useRealTimers();
});

test("the time is the server's", () => {
  hearDate("Sun, 01 Mar 2026 12:10:00 GMT");
  expect(serverTime()).toBe(Date.parse("2026-03-01T12:10:00Z"));
  vi.advanceTimersByTime(5000);
  expect(serverTime()).toBe(Date.parse("2026-03-01T12:10:05Z"));
});

test("the rest of a second is no difference, and a reply without a date tells nothing", () => {
  hearDate("Sun, 01 Mar 2026 12:00:00 GMT");
  expect(serverTime()).toBe(NOW);
  hearDate(null);
  expect(serverTime()).toBe(NOW);
});
