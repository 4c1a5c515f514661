import { expect, test } from "vitest";
import type { JsonObject } from "../src/api/types";
import { whyNoForm } from "../src/forms/limits";
import { answerOf, formSchema, OPTIONAL } from "../src/forms/optional";
import { errorSchema, parsePath } from "../src/forms/paths";
import { problemsOf, validator } from "../src/forms/validator";

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
  const problems = problemsOf(schema, { name: "x", age: -1, size: "L", legs: [{ to: 1 }, {}] });
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

test("a default of null is no default of a form", () => {
  const optional = { anyOf: [{ type: "string" }, { type: "null" }], default: null };
  expect(formSchema(optional)).toEqual({ type: "string", [OPTIONAL]: true });
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
  expect(whyNoForm(schema)).toBeUndefined();
});

test("the validator knows which choice a value is", () => {
  const root = { $defs: { a: { type: "object", required: ["a"] } } } as never;
  expect(validator.isValid({ $ref: "#/$defs/a" }, { a: 1 }, root)).toBe(true);
  expect(validator.isValid({ $ref: "#/$defs/a" }, {}, root)).toBe(false);
});
