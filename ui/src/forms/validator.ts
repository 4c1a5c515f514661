// Checks what is typed against the schema, without making code from it (the page's policy forbids
// that). The server checks the same again: its word counts.
import { dereference, format, type OutputUnit, type Schema, validate } from "@cfworker/json-schema";
import type {
  CustomValidator,
  ErrorTransformer,
  RJSFSchema,
  RJSFValidationError,
  UiSchema,
  ValidationData,
  ValidatorType,
} from "@rjsf/utils";
import type { Json, JsonObject } from "../api/types";
import { hasExactNumber, isExactNumber, jsonText, rounded } from "../lib/json";
import { checksOf, MOST_CHECKS } from "./cost";
import { hasInnerAddress, isObject, without } from "./parts";
import { errorSchema, type PlacedProblem } from "./paths";
import { isQuick } from "./patterns";

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
  false: () => "is not asked for",
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
    const { errors } = checked(schema, value, false);
    const choices = errors.filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf");
    return errors
      .filter((unit) => !wholes.has(unit.keyword))
      .filter((unit) => !isInsideOfChoice(unit, choices))
      .map((unit) => problemOf(schema, unit));
  } catch {
    return [];
  }
}

const bounds = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "uniqueItems",
]);

/** The length of the longest text or name in a value. */
function longestText(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.entries(value).reduce(
    (longest, [name, member]) => Math.max(longest, name.length, longestText(member)),
    0,
  );
}

interface Check {
  schema: Schema;
  lookup: ReturnType<typeof dereference>;
}

const checks = new WeakMap<object, Map<string, Check>>();

/** What is checked here: no pattern that could take for ever, and numbers as JavaScript has them, which
 * are too near to one another to be told apart where they were rounded. */
function makeCheck(schema: object, length: number, isRounded: boolean): Check {
  if (hasInnerAddress(schema as JsonObject)) throw new Error("A part has an address of its own.");
  const isSlow = (pattern: string) => !isQuick(pattern, length);
  const hasSlow = (names: Json | undefined) => isObject(names) && Object.keys(names).some(isSlow);
  const omits = (keyword: string, value: Json, within: JsonObject) => {
    if (keyword === "pattern") return typeof value === "string" && isSlow(value);
    if (keyword === "patternProperties") return hasSlow(value);
    if (keyword === "additionalProperties") return hasSlow(within.patternProperties);
    return bounds.has(keyword) && (isRounded || isExactNumber(value));
  };
  const made = without(schema as JsonObject, omits, isRounded || hasExactNumber(schema));
  const rest = rounded(made) as Schema;
  return { schema: rest, lookup: dereference(rest) };
}

function checkFor(schema: object, value: unknown): Check {
  const length = 2 ** Math.ceil(Math.log2(longestText(value) + 1));
  const isRounded = hasExactNumber(value);
  const name = `${length} ${isRounded}`;
  const known = checks.get(schema) ?? new Map<string, Check>();
  checks.set(schema, known);
  const check = known.get(name) ?? makeCheck(schema, length, isRounded);
  known.set(name, check);
  return check;
}

/** Throws where only the server can check. */
function checked(whole: object, value: unknown, first: boolean) {
  const { schema, lookup } = checkFor(whole, value);
  const near = rounded(value);
  if (checksOf(schema, lookup, near) > MOST_CHECKS) throw new Error("It takes too long to check.");
  return validate(near, schema, DRAFT, lookup, first);
}

// Why each of several choices does not fit helps nobody: that none does is said once.
function isInsideOfChoice(unit: OutputUnit, choices: OutputUnit[]): boolean {
  return choices.some(
    (choice) => unit !== choice && unit.keywordLocation.startsWith(`${choice.keywordLocation}/`),
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
      return checked(whole, value ?? null, true).valid;
    } catch {
      return false;
    }
  },

  rawValidation<Result>(schema: RJSFSchema, value: unknown) {
    return { errors: problemsOf(schema, value ?? null) as Result[] };
  },
};
