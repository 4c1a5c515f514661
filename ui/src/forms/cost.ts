// How much work it is to check a value. A schema can be made so that a few lines of it are more than a
// lifetime: such a check is left to the server, which gives up.
import { dereference, type Schema } from "@cfworker/json-schema";
import { isObject } from "./parts";
import { stepsOf } from "./patterns";

export const MOST_CHECKS = 10_000;
const STEPS = 1000; // of a pattern: as long as a check takes
const READ = 100; // characters of a pattern: as long as a check takes

type Part = Schema | boolean | undefined;
type Lookup = ReturnType<typeof dereference>;

const list = (value: unknown): Part[] => (Array.isArray(value) ? value : []) as Part[];
const map = (value: unknown): [string, Part][] =>
  isObject(value) ? (Object.entries(value) as [string, Part][]) : [];

/** What is checked of the same value. */
function inPlace(schema: Schema, lookup: Lookup): Part[] {
  const { $ref, allOf, anyOf, oneOf, not, if: condition, then, else: otherwise } = schema;
  const target = $ref === undefined ? undefined : lookup[schema.__absolute_ref__ ?? $ref];
  const lists = [allOf, anyOf, oneOf].flatMap(list);
  const dependent = [schema.dependentSchemas, schema.dependencies].flatMap(map);
  return [target, ...lists, not, condition, then, otherwise, ...dependent.map(([, part]) => part)];
}

/** What is checked of a member of an object, or of an item of a list. */
function ofMember(schema: Schema, name: string): Part[] {
  const own = isObject(schema.properties) ? (schema.properties as Record<string, Part>) : {};
  return [
    Object.hasOwn(own, name) ? own[name] : undefined,
    ...map(schema.patternProperties).map(([, part]) => part),
    schema.additionalProperties,
    schema.unevaluatedProperties,
  ];
}

function ofItem(schema: Schema, index: number): Part[] {
  const { items, prefixItems, additionalItems, unevaluatedItems, contains } = schema;
  const first = list(prefixItems ?? items)[index];
  const rest = Array.isArray(items) ? undefined : (items as Part);
  return [first, rest, additionalItems, unevaluatedItems, contains];
}

const patternCost = (pattern: string, length: number) =>
  stepsOf(pattern, length) / STEPS + pattern.length / READ;

/** The patterns for names, each with each name. */
function namesCost(patterns: string[], names: string[]): number {
  if (patterns.length * names.length > MOST_CHECKS) return Infinity;
  return patterns
    .flatMap((pattern) => names.map((name) => patternCost(pattern, name.length)))
    .reduce((total, cost) => total + cost, 0);
}

/** Of the keywords that look at the value as a whole. */
function ownCost(schema: Schema, value: unknown): number {
  let cost = 1 + list(schema.enum).length;
  if (typeof value === "string" && schema.pattern !== undefined)
    cost += patternCost(schema.pattern, value.length);
  if (Array.isArray(value) && schema.uniqueItems) cost += value.length ** 2 / 2;
  if (isObject(value) && isObject(schema.patternProperties))
    cost += namesCost(Object.keys(schema.patternProperties), Object.keys(value));
  return cost;
}

/** How many checks a value takes; more than MOST_CHECKS are not told apart. */
export function checksOf(root: Schema, lookup: Lookup, value: unknown): number {
  const known = new Map<unknown, Map<unknown, number>>();
  let asked = 0;

  function sum(parts: Part[], place: unknown): number {
    return parts.reduce(
      (total: number, part) => (isObject(part) ? total + of(part as Schema, place) : total),
      0,
    );
  }

  function reckon(schema: Schema, place: unknown): number {
    let total = ownCost(schema, place) + sum(inPlace(schema, lookup), place);
    if (total > MOST_CHECKS) return total;
    if (Array.isArray(place))
      place.forEach((item, index) => (total += sum(ofItem(schema, index), item)));
    else if (isObject(place))
      for (const [name, member] of Object.entries(place)) {
        total += sum(ofMember(schema, name), member) + sum([schema.propertyNames], name);
      }
    return total;
  }

  /** Each part and value once: a part that is in itself, of the same value, has no end. */
  function of(schema: Schema, place: unknown): number {
    const before = known.get(schema) ?? new Map<unknown, number>();
    known.set(schema, before);
    const told = before.get(place);
    if (told !== undefined) return told;
    if (++asked > MOST_CHECKS) return Infinity;
    before.set(place, Infinity);
    const total = schema.$recursiveRef === undefined ? reckon(schema, place) : Infinity;
    before.set(place, total);
    return total;
  }

  return of(root, value);
}
