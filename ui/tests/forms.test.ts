import { expect, test } from "vitest";
import type { Json, JsonObject } from "../src/api/types";
import { whyNoForm } from "../src/forms/limits";
import { answerOf, enteredOf, formSchema, OPTIONAL, PART } from "../src/forms/optional";
import { errorSchema, parsePath } from "../src/forms/paths";
import { problemsOf, validator } from "../src/forms/validator";
import { parseJson } from "../src/lib/json";

test.each([
  ["", []],
  ["age", ["age"]],
  ["address.city", ["address", "city"]],
  ["tags[1]", ["tags", 1]],
  ["legs[0].from", ["legs", 0, "from"]],
])("the path %s", (path, parts) => {
  expect(parsePath(path)).toEqual(parts);
});

test("errors stand where they belong", () => {
  const schema = errorSchema([
    { path: "tags[1]", message: "no" },
    { path: "tags[1]", message: "never" },
    { path: "", message: "all of it" },
  ]);
  expect(schema.__errors).toEqual(["all of it"]);
  expect((schema as Record<string, Record<string, unknown>>).tags![1]).toEqual({
    __errors: ["no", "never"],
  });
});

test("a hostile path changes no prototype", () => {
  errorSchema([{ path: "__proto__.polluted", message: "x" }]);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

const schema: JsonObject = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 2 },
    age: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }] },
    size: { enum: ["S", "M"] },
    legs: { type: "array", items: { $ref: "#/$defs/leg" }, maxItems: 1 },
  },
  required: ["name", "age"],
  $defs: {
    leg: {
      type: "object",
      properties: { to: { type: ["string", "null"] } },
      required: ["to"],
    },
  },
};

test("what is wrong is said in words, with its place", () => {
  const value = { name: "x", age: -1, size: "L", legs: [{ to: 1 }, {}] };
  const problems = problemsOf(schema, value).map(({ path, message }) => ({ path, message }));
  expect(problems).toContainEqual({ path: "name", message: "must have at least 2 characters" });
  expect(problems).toContainEqual({
    path: "age",
    message: "fits none of what may be given here",
  });
  expect(problems).toContainEqual({ path: "size", message: "must be one of the choices" });
  expect(problems).toContainEqual({ path: "legs", message: "must have at most 1 item" });
  expect(problems).toContainEqual({ path: "legs[0].to", message: "must be text or empty" });
});

test("what is missing is said at its place", () => {
  expect(problemsOf(schema, {}).map(({ path }) => path)).toEqual(["name", "age"]);
});

test("a schema that cannot be read is left to the server", () => {
  expect(problemsOf({ $ref: "https://example.org/x" }, {})).toEqual([]);
  expect(problemsOf({ pattern: "(" }, "x")).toEqual([]);
});

test("a form has no nulls", () => {
  const form = formSchema(schema) as Record<string, Record<string, JsonObject>>;
  expect(form.properties!.age).toEqual({ type: "integer", minimum: 0, [OPTIONAL]: true });
  expect(form.required).toEqual(["name"]);
  expect((form.$defs!.leg!.properties as JsonObject).to).toEqual({
    type: "string",
    [OPTIONAL]: true,
  });
});

test("what is empty in the form is null in the answer, where it is required", () => {
  expect(answerOf(schema, { name: "Ada", legs: [{}] })).toEqual({
    name: "Ada",
    age: null,
    legs: [{ to: null }],
  });
});

test("what may be null, and is, stands empty in the form", () => {
  const value = { name: "Ada", age: null, legs: [{ to: null }, { to: "x" }], more: null };
  const entered = { name: "Ada", legs: [{}, { to: "x" }], more: null };
  expect(enteredOf(schema, value)).toEqual(entered);
  expect(problemsOf(formSchema(schema) as JsonObject, { name: "Ada", legs: [{}] })).toEqual([]);
});

test("in a list and in a map null is chosen", () => {
  const maybe = { anyOf: [{ type: "string" }, { type: "null" }] };
  const parts = [
    { type: "string", title: "Text", [PART]: true },
    { type: "null", title: "Empty", [PART]: true },
  ];
  const form = formSchema({ items: maybe, additionalProperties: maybe }) as JsonObject;
  expect(form).toEqual({ items: { anyOf: parts }, additionalProperties: { anyOf: parts } });
  expect(enteredOf({ items: maybe }, ["a", null])).toEqual(["a", null]);
  expect(problemsOf(form, { a: null })).toEqual([]);
});

test("a default of null is no default of a form", () => {
  const optional = { anyOf: [{ type: "string" }, { type: "null" }], default: null };
  expect(formSchema(optional)).toEqual({ type: "string", [OPTIONAL]: true });
});

test.each([
  ["18:30", true],
  ["18:30:05.25", true],
  ["18:30:05+02:00", true],
  ["24:00", false],
  ["6pm", false],
])("whether %s is a time: %s", (text, isTime) => {
  expect(problemsOf({ format: "time" }, text)).toHaveLength(isTime ? 0 : 1);
});

test("a name with dots in it is one name", () => {
  const dotted = { type: "object", properties: { "a.b": { type: "string" } }, required: ["c.d"] };
  const errors = validator.validateFormData({ "a.b": 1 }, dotted as never).errorSchema;
  expect(Object.keys(errors)).toEqual(["c.d", "a.b"]);
});

test("a list of few kinds is what the form's library calls fixed items", () => {
  const pair = { type: "array", prefixItems: [{ type: "integer" }, { type: "string" }] };
  expect(formSchema(pair)).toEqual({
    type: "array",
    items: [{ type: "integer" }, { type: "string" }],
    additionalItems: false,
  });
});

test("fields of the same type have names of their own", () => {
  const address = { $ref: "#/$defs/Address" };
  const home = { anyOf: [address, { type: "null" }] };
  const form = formSchema({ properties: { home, work: { ...address, title: "At work" } } });
  expect((form as JsonObject).properties).toEqual({
    home: { title: "home", ...address, [OPTIONAL]: true },
    work: { title: "At work", ...address },
  });
});

test("each kind of several has a name to choose it by", () => {
  const form = formSchema({ anyOf: [{ type: "integer" }, { $ref: "#/$defs/a" }] }) as JsonObject;
  expect(form.anyOf).toEqual([
    { title: "Whole number", type: "integer", [PART]: true },
    { $ref: "#/$defs/a", [PART]: true },
  ]);
});

test("who gives a field too much is told so", () => {
  const closed = { properties: { a: {} }, additionalProperties: false };
  expect(problemsOf(closed, { a: 1, b: 2 })).toEqual([
    { path: "b", parts: ["b"], message: "is not asked for" },
  ]);
});

test("schemas that no form can show", () => {
  const endless: JsonObject = {
    $ref: "#/$defs/node",
    $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
  };
  expect(whyNoForm(endless)).toMatch(/contains itself/);
  expect(whyNoForm({ $ref: "https://example.org/schema" })).toMatch(/elsewhere/);
  expect(whyNoForm({ $ref: "#/$defs/gone" })).toMatch(/not there/);
  const huge = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`f${i}`, true]));
  expect(whyNoForm({ type: "object", properties: huge })).toMatch(/500/);
  const within = (part: Json) => ({ type: "object", properties: { a: { anyOf: [part, part] } } });
  expect(whyNoForm(within({ $ref: "https://example.org/schema" }))).toMatch(/elsewhere/);
  expect(whyNoForm(within({ $ref: "#/$defs/a", $defs: {} }))).toMatch(/not there/);
  for (const name of ["__proto__", "constructor"]) {
    const properties = JSON.parse(`{"${name}": {"type": "string"}}`) as JsonObject;
    expect(whyNoForm({ type: "object", properties })).toMatch(name);
  }
  expect(whyNoForm({ properties: { a: { default: parseJson("1e999") } } })).toMatch(/digits/);
  expect(whyNoForm(schema)).toBeUndefined();
});

test("what may go on for ever, but need not, has a form", () => {
  const node: Json = {
    type: "object",
    properties: {
      next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
      all: { type: "array", items: { $ref: "#/$defs/node" } },
    },
  };
  expect(whyNoForm({ $ref: "#/$defs/node", $defs: { node } })).toBeUndefined();
});

test("the validator knows which choice a value is", () => {
  const root = { $defs: { a: { type: "object", required: ["a"] } } } as never;
  expect(validator.isValid({ $ref: "#/$defs/a" }, { a: 1 }, root)).toBe(true);
  expect(validator.isValid({ $ref: "#/$defs/a" }, {}, root)).toBe(false);
});
