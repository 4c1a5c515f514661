import { expect, test } from "vitest";
import { duration, relative } from "../src/lib/times";

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1000, "1.0 s"],
  [9_950, "9.9 s"],
  [10_000, "10 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [61_000, "1 min 1 s"],
  [3_600_000, "1 h"],
  [3_660_000, "1 h 1 min"],
  [90_000_000, "1 d 1 h"],
  [-5, "0 ms"],
])("%d ms is %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test("what is to come and what is past", () => {
  expect(relative(10_000, 10_400)).toBe("now");
  expect(relative(15_000, 10_000)).toBe("in 5 s");
  expect(relative(0, 90_000)).toBe("1 min 30 s ago");
});
