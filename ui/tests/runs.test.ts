import { expect, test } from "vitest";
import { filterBody, nextPlace, noFilter, PART, partBody } from "../src/pages/runs/filter";

const rows = (count: number, time: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ expected_start_time: time(index) }));

test("the next part begins at the last row", () => {
  const part = rows(PART, (index) => `t${PART - index}`);
  expect(nextPlace(part, { before: undefined, skip: 0 })).toEqual({ before: "t1", skip: 1 });
});

test("rows of one time are not read twice, however many they are", () => {
  const place = nextPlace(rows(PART, () => "t"), { before: undefined, skip: 0 });
  expect(place).toEqual({ before: "t", skip: PART });
  expect(nextPlace(rows(PART, () => "t"), place!)).toEqual({ before: "t", skip: 2 * PART });
});

test("a part that is not full is the last", () => {
  expect(nextPlace(rows(PART - 1, () => "t"), { before: undefined, skip: 0 })).toBeUndefined();
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
