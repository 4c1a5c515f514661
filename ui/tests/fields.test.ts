import { expect, test } from "vitest";
import { numberHint, numberOf, readJson } from "../src/forms/fields";

test.each([
  ["", undefined],
  [" ", undefined],
  ["12", 12],
  ["+1,50", 1.5],
  [".5", 0.5],
  ["-.5", -0.5],
  ["5.", 5],
  ["007", 7],
  ["1e3", 1000],
  ["9007199254740993", 9007199254740993n],
  ["1,25", 1.25],
  ["1,0000", 1],
  ["twelve", "twelve"],
  ["1.2.3", "1.2.3"],
])("the number %s", (typed, value) => {
  expect(numberOf(typed)).toEqual(value);
  expect(numberHint(numberOf(typed))).toBeUndefined();
});

test.each([
  ["1,000", /1000, or 1.5/],
  ["12,500", /1000, or 1.5/],
  ["1,000,000", /1000, or 1.5/],
  ["1,000.5", /1000, or 1.5/],
  ["0.1234567890123456789", /more digits/],
  ["1e400", /more digits/],
])("%s is no number that a field keeps, and how to write it is said", (typed, hint) => {
  expect(numberOf(typed)).toBe(typed);
  expect(numberHint(typed)).toMatch(hint);
});

test.each([
  ["", {}],
  ['{"by": 1}', { value: { by: 1 } }],
  ["9007199254740993", { value: 9007199254740993n }],
  ['{"by": "train"', { error: expect.stringMatching(/must be JSON/) as string }],
  ["1,000", { error: expect.stringMatching(/must be JSON/) as string }],
  ["[0.1234567890123456789]", { error: expect.stringMatching(/more digits/) as string }],
])("a field of JSON reads %s", (text, read) => {
  expect(readJson(text)).toEqual(read);
});
