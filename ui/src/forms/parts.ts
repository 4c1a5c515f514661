// The parts of a schema that are schemas, and copies of it with less in it.
import type { Json, JsonObject } from "../api/types";

const maps = new Set([
  "$defs",
  "definitions",
  "properties",
  "patternProperties",
  "dependentSchemas",
  "dependencies",
]);
const values = new Set(["const", "enum", "default", "examples", "required", "dependentRequired"]);

// What may refuse more when its parts refuse less, or when what is beside it is not there.
const turning = new Set([
  "not",
  "oneOf",
  "if",
  "then",
  "else",
  "maxContains",
  "unevaluatedItems",
  "unevaluatedProperties",
]);

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What may be schemas in a schema. */
export function partsOf(schema: JsonObject): JsonObject[] {
  return Object.entries(schema)
    .filter(([name]) => !values.has(name))
    .flatMap(([name, value]) =>
      maps.has(name) && isObject(value) ? Object.values(value) : [value].flat(),
    )
    .filter(isObject);
}

/** Whether a part has an address of its own, which the references in it start from. */
export function hasInnerAddress(schema: JsonObject): boolean {
  return partsOf(schema).some(
    (part) => typeof part.$id === "string" || typeof part.id === "string" || hasInnerAddress(part),
  );
}

/** Whether it asks for what nobody but the server should keep. */
export function asksForSecret(schema: JsonObject): boolean {
  return schema.format === "password" || partsOf(schema).some(asksForSecret);
}

type Omits = (keyword: string, value: Json, schema: JsonObject) => boolean;

function copied(schema: Json, omits: Omits): Json {
  const copy = (part: Json) => copied(part, omits);
  if (Array.isArray(schema)) return schema.map(copy);
  if (!isObject(schema)) return schema;
  const mapped = (map: JsonObject) =>
    Object.fromEntries(Object.entries(map).map(([name, part]) => [name, copy(part)]));
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([name, value]) => !omits(name, value, schema))
      .map(([name, value]) => {
        if (values.has(name)) return [name, value];
        return [name, maps.has(name) && isObject(value) ? mapped(value) : copy(value)];
      }),
  );
}

/** The schema without some of its keywords: it refuses nothing that the whole does not. `isWeak`: what
 * stays takes more than it should, too. */
export function without(schema: Json, omits: Omits, isWeak = false): Json {
  let omitted = isWeak;
  const weaker = copied(schema, (name, value, within) => {
    const is = omits(name, value, within);
    omitted ||= is;
    return is;
  });
  return omitted ? copied(weaker, (name) => turning.has(name)) : weaker;
}
