// Schemas that no form can be made of: those are answered as JSON.
import type { Json, JsonObject } from "../api/types";

const MOST_FIELDS = 500;
const DEEPEST = 12;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function definition(root: JsonObject, reference: string): Json | undefined {
  const name = /^#\/(\$defs|definitions)\/(.+)$/.exec(reference);
  const defs = name ? root[name[1]!] : undefined;
  return isObject(defs) ? defs[name![2]!] : undefined;
}

/** Why there is no form for this schema; undefined: there is one. */
export function whyNoForm(root: JsonObject): string | undefined {
  let fields = 0;

  // Follows only what a form shows from the beginning: fields of fields, not items of lists.
  function look(
    schema: Json | undefined,
    depth: number,
    seen: readonly string[],
  ): string | undefined {
    if (!isObject(schema)) return undefined;
    if (depth > DEEPEST) return "It is nested too deeply for a form.";
    if (typeof schema.$ref === "string") {
      if (!schema.$ref.startsWith("#/")) return "It refers to a schema that is elsewhere.";
      if (seen.includes(schema.$ref)) return "It contains itself without an end.";
      const target = definition(root, schema.$ref);
      return target === undefined
        ? "It refers to a part of the schema that is not there."
        : look(target, depth + 1, [...seen, schema.$ref]);
    }
    const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    fields += properties.length;
    if (fields > MOST_FIELDS) return `It has more than ${MOST_FIELDS} fields.`;
    for (const [, property] of properties) {
      const why = look(property, depth + 1, seen);
      if (why) return why;
    }
    return undefined;
  }

  return look(root, 0, []);
}
