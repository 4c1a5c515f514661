import { expect, test } from "vitest";
import { exactNumber, hasRawNumber, jsonText, parseJson, rounded } from "../src/lib/json";

test.each([
  "9007199254740993",
  "-123456789012345678901234567890",
  "0.1234567890123456789",
  "1e400",
  '{"a":[1,2.5,9007199254740993],"b":"9007199254740993"}',
])("%s comes back as it is", (text) => {
  expect(jsonText(parseJson(text))).toBe(text);
});

test.each(["0", "-0", "1.50", "15e-1", "1E3", "1000000000000000000000", "0.000001", "5e-324"])(
  "%s is a number as JavaScript has them",
  (text) => {
    expect(exactNumber(text)).toBe(Number(text));
  },
);

test("what is no JSON is refused", () => {
  expect(() => parseJson("{")).toThrow(SyntaxError);
});

test("numbers that no field can hold are found", () => {
  expect(hasRawNumber(parseJson('{"a":[{"b":0.1234567890123456789}]}'))).toBe(true);
  expect(hasRawNumber(parseJson('{"a":[9007199254740993, null, 1]}'))).toBe(false);
});

test("for checks numbers are near enough", () => {
  expect(rounded(parseJson('{"a":[9007199254740993,1e400,"x"]}'))).toEqual({
    a: [9007199254740992, Infinity, "x"],
  });
});

test("a name of a prototype is a name", () => {
  const value = parseJson('{"__proto__":{"a":1}}');
  expect(jsonText(value)).toBe('{"__proto__":{"a":1}}');
  expect(jsonText(rounded(value))).toBe('{"__proto__":{"a":1}}');
});
