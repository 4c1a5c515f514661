// Checks of schemas that mean harm, or numbers: what cannot be checked here is not refused here.
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../src/api/types";
import { whyNoForm } from "../src/forms/limits";
import { asksForSecret, without } from "../src/forms/parts";
import { isQuick, stepsOf } from "../src/forms/patterns";
import { problemsOf } from "../src/forms/validator";
import { parseJson } from "../src/lib/json";

const QUICK = 1000; // ms

function within(ms: number, act: () => void) {
  const begun = performance.now();
  act();
  expect(performance.now() - begun).toBeLessThan(ms);
}

test.each([
  ["^abc$", 1],
  ["abc", 100],
  ["^a*$", 100],
  ["^a?b?$", 4],
  ["^a{2}$", 1],
  ["^a{1,5}$", 5],
  ["^a{3,}$", 100],
  ["^(yes|no)$", 2],
  ["^(yes|no)|x$", 300],
  ["^(?:a|b){3}$", 8],
  ["^(?<n>ab)+?$", 100],
  ["^[a-z*+?]{1,9}\\)+$", 900],
  ["^[)|]*\\p{L}$", 100],
  ["a*a*a*b", 100 ** 4],
  ["(a+)+$", Infinity],
  ["(a|aa)*$", Infinity],
  ["(.*){9}x", 100 ** 10],
  ["(a)\\1", Infinity],
])("the steps of %s", (pattern, steps) => {
  expect(stepsOf(pattern, 100)).toBe(steps);
});

test.each(["a*a*a*b", "a?".repeat(40) + "a".repeat(40), "(a|a)".repeat(40), "a{0,9}".repeat(20)])(
  "the pattern %s is left to the server",
  (pattern) => {
    const schema = { type: "object", properties: { x: { type: "string", pattern } } };
    within(QUICK, () => expect(problemsOf(schema, { x: "a".repeat(999) })).toEqual([]));
  },
);

test("a pattern is checked where it is quick, for the text that is there", () => {
  expect(isQuick("^[0-9]+\\.[0-9]+\\.[0-9]+$", 64)).toBe(true);
  const schema = { properties: { v: { pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+$" } } };
  expect(problemsOf(schema, { v: "1.2" })).toHaveLength(1);
  expect(problemsOf(schema, { v: "1.2".repeat(100) })).toEqual([]);
  expect(problemsOf({ pattern: "^b" }, "a".repeat(2000))).toHaveLength(1);
});

const slow = "(a+)+$";

test.each<[string, JsonObject, Json]>([
  ["not", { not: { pattern: slow } }, "b"],
  ["oneOf", { oneOf: [{ pattern: slow }, { type: "string" }] }, "b"],
  ["if", { if: { pattern: slow }, then: false }, "b"],
  ["names", { patternProperties: { [slow]: {} }, additionalProperties: false }, { aa: 1 }],
  ["maxContains", { contains: { pattern: slow }, maxContains: 1 }, ["a", "b"]],
])("what is left out turns nothing round: %s", (_, schema, value) => {
  expect(problemsOf(schema, value)).toEqual([]);
});

test("values and names that look like keywords stay", () => {
  const omits = (keyword: string) => keyword === "pattern";
  const schema: Json = {
    pattern: "x",
    const: { pattern: "x" },
    enum: [{ pattern: "x" }],
    properties: { pattern: { pattern: "x" }, not: true },
  };
  expect(without(schema, omits)).toEqual({
    const: { pattern: "x" },
    enum: [{ pattern: "x" }],
    properties: { pattern: {}, not: true },
  });
});

/** a30 is a29 twice, that is a28 twice, and so on. */
function chain(twice: (reference: JsonObject) => Json): JsonObject {
  const defs: JsonObject = { a0: { type: "string" } };
  for (let i = 1; i <= 30; i++) defs[`a${i}`] = twice({ $ref: `#/$defs/a${i - 1}` });
  return { type: "object", properties: { x: { $ref: "#/$defs/a30" } }, $defs: defs };
}

const doublings: [string, (reference: JsonObject) => Json][] = [
  ["allOf", (a) => ({ allOf: [a, a] })],
  ["anyOf", (a) => ({ anyOf: [a, a] })],
  ["oneOf", (a) => ({ oneOf: [a, { not: a }] })],
  ["if", (a) => ({ if: a, then: a, else: a })],
  ["items", (a) => ({ type: "array", items: { properties: { b: a, c: a } } })],
];

test.each(doublings)("a chain that doubles by %s has no form, and stops nothing", (_, twice) => {
  const schema = chain(twice);
  within(QUICK, () => {
    expect(whyNoForm(schema)).toMatch(/more than 10.000 parts/);
    problemsOf(schema, { x: "y" });
  });
});

test("a part that doubles with each step into the value stops nothing", () => {
  const next = { properties: { next: { $ref: "#/$defs/node" } } };
  const schema = { $ref: "#/$defs/node", $defs: { node: { allOf: [next, next] } } };
  let value: Json = {};
  for (let i = 0; i < 60; i++) value = { next: value };
  within(QUICK, () => expect(problemsOf(schema, value)).toEqual([]));
});

test("a schema with more parts than the form's library looks through has no form", () => {
  const parts = Array.from({ length: 10_001 }, (_, i): [string, Json] => [`d${i}`, {}]);
  expect(whyNoForm({ $defs: Object.fromEntries(parts) })).toMatch(/parts/);
  expect(whyNoForm({ $defs: Object.fromEntries(parts.slice(2)) })).toBeUndefined();
});

test("parts that all refer to one another have no form", () => {
  const names = Array.from({ length: 12 }, (_, i) => `d${i}`);
  const list = (name: string): [string, Json] => [
    name,
    { type: "array", items: { $ref: `#/$defs/${name}` } },
  ];
  const each: Json = { type: "object", properties: Object.fromEntries(names.map(list)) };
  const $defs = Object.fromEntries(names.map((name): [string, Json] => [name, each]));
  within(QUICK, () => expect(whyNoForm({ $ref: "#/$defs/d0", $defs })).toMatch(/parts/));
});

test("addresses within addresses stop nothing", () => {
  let schema: JsonObject = { type: "string" };
  for (let i = 0; i < 60; i++)
    schema = { $id: `https://example.org/${i}`, properties: { x: schema } };
  within(QUICK, () => expect(problemsOf(schema, { x: {} })).toEqual([]));
});

test("a long list of things that are the same is left to the server", () => {
  const schema = { type: "array", uniqueItems: true };
  within(QUICK, () => expect(problemsOf(schema, Array(50_000).fill("x"))).toEqual([]));
  expect(problemsOf(schema, ["x", "x"])).toHaveLength(1);
});

test("what is long, but simple, is checked", () => {
  const schema = { type: "array", items: { type: "string", minLength: 1 } };
  expect(problemsOf(schema, [...Array<string>(5000).fill("x"), ""])).toHaveLength(1);
  const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, "x"]));
  const properties = Object.fromEntries(Object.keys(fields).map((name) => [name, schema.items]));
  expect(problemsOf({ properties }, { ...fields, f7: "" })).toHaveLength(1);
});

test("a pattern for names that takes too long, or is none, has no form", () => {
  for (const pattern of ["(a+)+$", "("])
    expect(whyNoForm({ type: "object", patternProperties: { [pattern]: {} } })).toMatch(/names/);
  expect(whyNoForm({ type: "object", patternProperties: { "^x-": {} } })).toBeUndefined();
});

test.each([
  ['{"type":"array","uniqueItems":true}', "[9007199254740992, 9007199254740993]"],
  ['{"exclusiveMinimum":9007199254740992}', "9007199254740993"],
  ['{"maximum":0.1}', "0.10000000000000000"],
  ['{"exclusiveMaximum":9007199254740993}', "9007199254740992"],
  ['{"multipleOf":3}', "9007199254740993"],
  ['{"not":{"minimum":9007199254740994}}', "9007199254740993"],
  ['{"oneOf":[{"const":9007199254740993},{"const":9007199254740992}]}', "9007199254740993"],
])("%s does not refuse %s", (schema, value) => {
  expect(problemsOf(parseJson(schema) as JsonObject, parseJson(value))).toEqual([]);
});

test("other numbers are checked as ever", () => {
  const schema = { properties: { n: { minimum: 5, multipleOf: 2 }, big: { type: "integer" } } };
  expect(problemsOf(schema, { n: 3 })).toHaveLength(2);
  expect(problemsOf(schema, { n: 3, big: "x" })).toHaveLength(3);
});

test("a password is asked for wherever it stands", () => {
  const secret: Json = { type: "string", format: "password" };
  const within: JsonObject = {
    properties: { a: { anyOf: [{ type: "null" }, { items: { $ref: "#/$defs/s" } }] } },
  };
  expect(asksForSecret({ ...within, $defs: { s: secret } })).toBe(true);
  expect(asksForSecret({ ...within, default: secret, properties: { format: true } })).toBe(false);
});
