// @vitest-environment jsdom
import { expect, test } from "vitest";
import { jsonText } from "../src/lib/json";
import { filterBody, nextPath, noFilter } from "../src/pages/events/queries";
import { readValue } from "../src/pages/variables/editor";

test("a value keeps the digits of its numbers", () => {
  const text = '{"big":9007199254740993,"fine":0.1234567890123456789}';
  const read = readValue(text);
  expect("value" in read && jsonText(read.value)).toBe(text);
});

test("what is no value is said", () => {
  expect(readValue("hello")).toHaveProperty("error", expect.stringContaining("between quotes"));
  expect(readValue(`"${"x".repeat(5000)}"`)).toHaveProperty(
    "error",
    expect.stringContaining("at the most 5000"),
  );
  expect(readValue(`"${"x".repeat(4998)}"`)).toHaveProperty("value");
});

test("filters of events in the API's words", () => {
  expect(filterBody({ ...noFilter, event: "prefect.flow-run", id: "e" })).toEqual({
    event: { prefix: ["prefect.flow-run"] },
    id: { id: ["e"] },
    occurred: { since: "1970-01-01T00:00:00Z" },
    order: "DESC",
  });
});

test("the next page is asked of this server, whatever host the address names", () => {
  const page = {
    events: [],
    total: 9,
    next_page: "http://other:1/api/events/filter/next?page-token=a%2B",
  };
  expect(nextPath(page)).toBe("events/filter/next?page-token=a%2B");
  expect(nextPath({ ...page, next_page: null })).toBeUndefined();
});
