import { expect, test } from "vitest";
import type { StateType } from "../src/api/types";
import { countsOf, heightsOf } from "../src/pages/runs/chart";
import { filterBody, nextPlace, noFilter, PART, partBody } from "../src/pages/runs/filter";

const rows = (count: number, time: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ expected_start_time: time(index) }));

test("the next part begins at the last row", () => {
  const part = rows(PART, (index) => `t${PART - index}`);
  expect(nextPlace(part, { before: undefined, skip: 0 })).toEqual({ before: "t1", skip: 1 });
});

test("rows of one time are not read twice, however many they are", () => {
  const place = nextPlace(
    rows(PART, () => "t"),
    { before: undefined, skip: 0 },
  );
  expect(place).toEqual({ before: "t", skip: PART });
  expect(
    nextPlace(
      rows(PART, () => "t"),
      place!,
    ),
  ).toEqual({ before: "t", skip: 2 * PART });
});

test("a part that is not full is the last", () => {
  expect(
    nextPlace(
      rows(PART - 1, () => "t"),
      { before: undefined, skip: 0 },
    ),
  ).toBeUndefined();
});

test("filters in the API's words", () => {
  const filter = { ...noFilter, state: "failed", flow: "f", text: "x", since: "1h" };
  expect(filterBody(filter)).toEqual({
    flows: { id: { any_: ["f"] } },
    flow_runs: { state: { type: { any_: ["FAILED", "CRASHED"] } }, name: { like_: "x" } },
  });
  expect(partBody(filter, { before: undefined, skip: 0 }, 3_600_000)).toMatchObject({
    flow_runs: { expected_start_time: { after_: "1970-01-01T00:00:00.000Z" } },
  });
});

const interval = (...states: [StateType, number][]) => ({
  interval_start: "",
  interval_end: "",
  states: states.map(([state_type, count_runs]) => ({ state_type, count_runs })),
});

test("bars count by kind of state", () => {
  expect(
    countsOf([interval(["FAILED", 2], ["COMPLETED", 1]), interval(["CRASHED", 3], ["PAUSED", 4])]),
  ).toEqual([1, 0, 4, 0, 5]);
});

test("a bar shows its smallest part, and is no higher than the chart", () => {
  expect(heightsOf([1000, 0, 0, 0, 1], 1001).at(-1)).toBeGreaterThan(1);
  const heights = heightsOf([1000, 1, 1, 1, 1], 1004);
  expect(heights.reduce((sum, height) => sum + height, 0)).toBeLessThanOrEqual(64.001);
  expect(heightsOf([0, 0, 0, 0, 0], 1)).toEqual([0, 0, 0, 0, 0]);
});
