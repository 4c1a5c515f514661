// Checks what is typed against the schema, without making code from it (the page's policy forbids
// that). The server checks the same again: its word counts.
import { format, type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";
import type {
  CustomValidator,
  ErrorTransformer,
  RJSFSchema,
  RJSFValidationError,
  UiSchema,
  ValidationData,
  ValidatorType,
} from "@rjsf/utils";
import { jsonText, rounded } from "../lib/json";
import { errorSchema, type PlacedProblem } from "./paths";
import { isLong, withoutPatterns } from "./patterns";

const DRAFT = "2020-12";

// A time of the day needs no offset here: that is what a clock shows, and the server takes it.
const TIME = /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?([zZ]|[+-]\d\d:\d\d)?$/;
format.time = (text: string) => TIME.test(text);

// Problems of a whole that only say that one of its parts has a problem.
const wholes = new Set([
  "properties",
  "items",
  "prefixItems",
  "additionalItems",
  "additionalProperties",
  "$ref",
  "$dynamicRef",
  "allOf",
  "then",
  "else",
]);

type Words = (value: unknown) => string;

const plural = (count: unknown, thing: string) => `${count} ${thing}${count === 1 ? "" : "s"}`;

const typeNames: Record<string, string> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "yes or no",
  array: "a list",
  object: "an object",
  null: "empty",
};

const formatNames: Record<string, string> = {
  date: "a date, like 2026-12-24",
  time: "a time, like 18:30",
  "date-time": "a date and time",
  email: "an email address",
  uuid: "a UUID",
  uri: "an address, like https://example.org",
};

// In the words of the server's own.
const words: Record<string, Words> = {
  type: (value) =>
    `must be ${[value]
      .flat()
      .map((name) => typeNames[String(name)] ?? name)
      .join(" or ")}`,
  minimum: (value) => `must be at least ${value}`,
  maximum: (value) => `must be at most ${value}`,
  exclusiveMinimum: (value) => `must be more than ${value}`,
  exclusiveMaximum: (value) => `must be less than ${value}`,
  multipleOf: (value) => `must be a multiple of ${value}`,
  minLength: (value) => `must have at least ${plural(value, "character")}`,
  maxLength: (value) => `must have at most ${plural(value, "character")}`,
  minItems: (value) => `must have at least ${plural(value, "item")}`,
  maxItems: (value) => `must have at most ${plural(value, "item")}`,
  uniqueItems: () => "must not have the same item twice",
  pattern: () => "does not have the expected form",
  format: (value) => `must be ${formatNames[String(value)] ?? value}`,
  enum: () => "must be one of the choices",
  const: (value) => `must be ${jsonText(value)}`,
  anyOf: () => "fits none of what may be given here",
  oneOf: () => "fits none, or more than one, of what may be given here",
  not: () => "is not allowed",
};

/** The parts of a JSON pointer (RFC 6901) in a fragment: "#/tags/1". */
const partsOf = (pointer: string): string[] =>
  pointer
    .replace(/^[^#]*#\/?/, "")
    .split("/")
    .filter(Boolean)
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"));

const member = (place: unknown, name: string): unknown =>
  typeof place === "object" && place !== null
    ? (place as Record<string, unknown>)[name]
    : undefined;

/** What stands at a place of the schema; "$ref" on the way leads to what it names. */
function follow(root: unknown, pointer: string): unknown {
  let place = root;
  for (const part of partsOf(pointer)) {
    const next = member(place, part);
    place = part === "$ref" && typeof next === "string" ? partsOf(next).reduce(member, root) : next;
  }
  return place;
}

/** ["tags", "1"] -> "tags[1]". */
const dotted = (parts: string[]): string =>
  parts.reduce((path, part) => {
    if (/^\d+$/.test(part)) return `${path}[${part}]`;
    return path ? `${path}.${part}` : part;
  }, "");

function problemOf(schema: unknown, unit: OutputUnit): PlacedProblem {
  const { keyword } = unit;
  const parts = partsOf(unit.instanceLocation);
  const path = dotted(parts);
  if (keyword === "required") {
    const name = /"(.*)"/.exec(unit.error)?.[1] ?? "";
    return { path: path ? `${path}.${name}` : name, parts: [...parts, name], message: "is needed" };
  }
  const say = words[keyword];
  const message = say ? say(follow(schema, unit.keywordLocation)) : unit.error;
  return { path, parts, message };
}

/** All that is wrong with a value; nothing of a schema that cannot be read: the server can. */
export function problemsOf(schema: object, value: unknown): PlacedProblem[] {
  try {
    const { errors } = validatorOf(schema, value, false).validate(rounded(value));
    return errors
      .filter((unit) => !wholes.has(unit.keyword))
      .filter((unit) => !isInsideOfChoice(unit, errors))
      .map((unit) => problemOf(schema, unit));
  } catch {
    return [];
  }
}

const checked = { slow: new WeakMap<object, unknown>(), all: new WeakMap<object, unknown>() };

/** What is checked here: numbers as JavaScript has them, and no pattern that could take for ever. */
function checkedSchema(schema: object, value: unknown): Schema {
  const leftOut = isLong(jsonText(value)) ? "all" : "slow";
  const known = checked[leftOut].get(schema);
  if (known) return known as Schema;
  const made = withoutPatterns(rounded(schema), leftOut);
  checked[leftOut].set(schema, made);
  return made as Schema;
}

const validatorOf = (schema: object, value: unknown, first: boolean) =>
  new Validator(checkedSchema(schema, value), DRAFT, first);

// Why each of several choices does not fit helps nobody: that none does is said once.
function isInsideOfChoice(unit: OutputUnit, all: OutputUnit[]): boolean {
  return all.some(
    (other) =>
      (other.keyword === "anyOf" || other.keyword === "oneOf") &&
      unit !== other &&
      unit.keywordLocation.startsWith(`${other.keywordLocation}/`),
  );
}

const validationError = ({ path, message }: PlacedProblem): RJSFValidationError => ({
  property: path,
  message,
  stack: `${path || "The answer"} ${message}`,
});

export const validator: ValidatorType = {
  validateFormData(
    value: unknown,
    schema: RJSFSchema,
    _custom?: CustomValidator,
    _transform?: ErrorTransformer,
    _ui?: UiSchema,
  ): ValidationData<unknown> {
    const problems = problemsOf(schema, value ?? null);
    return { errors: problems.map(validationError), errorSchema: errorSchema(problems) };
  },

  isValid(schema: RJSFSchema, value: unknown, root: RJSFSchema): boolean {
    try {
      const whole = { ...schema, $defs: root.$defs, definitions: root.definitions };
      return validatorOf(whole, value ?? null, true).validate(rounded(value ?? null)).valid;
    } catch {
      return false;
    }
  },

  rawValidation<Result>(schema: RJSFSchema, value: unknown) {
    return { errors: problemsOf(schema, value ?? null) as Result[] };
  },
};
