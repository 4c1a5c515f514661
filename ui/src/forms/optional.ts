// What may be null is, for a person, what may be left empty: the form is made without the null, and
// an empty field is sent as null again.
import type { Json, JsonObject } from "../api/types";

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isNull = (schema: Json) => isObject(schema) && schema.type === "null";

export const OPTIONAL = "x-fermata-form-optional";

/** The one thing that a schema is when it is not null; undefined where there is no such thing. */
function withoutNull(schema: JsonObject): JsonObject | undefined {
  for (const key of ["anyOf", "oneOf"] as const) {
    const parts = schema[key];
    if (!Array.isArray(parts) || !parts.some(isNull)) continue;
    const others = parts.filter((part) => !isNull(part));
    const { [key]: _parts, default: fallback, ...rest } = schema;
    const kept =
      fallback === null || fallback === undefined ? rest : { ...rest, default: fallback };
    if (others.length === 1 && isObject(others[0])) return { ...others[0], ...kept };
    return { ...kept, [key]: others };
  }
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const types = schema.type.filter((type) => type !== "null");
    return { ...schema, type: types.length === 1 ? types[0]! : types };
  }
  return undefined;
}

const mapped = (place: Json | undefined, change: (schema: Json) => Json): Json | undefined =>
  isObject(place)
    ? Object.fromEntries(Object.entries(place).map(([name, schema]) => [name, change(schema)]))
    : place;

function compact(schema: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== undefined),
  ) as JsonObject;
}

/** The schema of the form: with no nulls in it, and what may be null not required. */
export function formSchema(schema: Json): Json {
  if (!isObject(schema)) return schema;
  const bare = withoutNull(schema);
  const base = bare ? { ...bare, [OPTIONAL]: true } : schema;
  const properties = mapped(base.properties, formSchema);
  const required = Array.isArray(base.required)
    ? base.required.filter((name) => !isOptional(properties, name))
    : base.required;
  return compact({
    ...base,
    properties,
    required,
    $defs: mapped(base.$defs, formSchema),
    definitions: mapped(base.definitions, formSchema),
    items: base.items === undefined ? undefined : formSchema(base.items),
    prefixItems: Array.isArray(base.prefixItems)
      ? base.prefixItems.map(formSchema)
      : base.prefixItems,
    additionalProperties:
      base.additionalProperties === undefined ? undefined : formSchema(base.additionalProperties),
    anyOf: Array.isArray(base.anyOf) ? base.anyOf.map(formSchema) : base.anyOf,
    oneOf: Array.isArray(base.oneOf) ? base.oneOf.map(formSchema) : base.oneOf,
  });
}

function isOptional(properties: Json | undefined, name: Json): boolean {
  const property = isObject(properties) ? properties[String(name)] : undefined;
  return isObject(property) && property[OPTIONAL] === true;
}

function resolve(schema: Json | undefined, root: JsonObject): JsonObject | undefined {
  if (!isObject(schema)) return undefined;
  const reference = typeof schema.$ref === "string" ? schema.$ref : undefined;
  const name = reference && /^#\/(?:\$defs|definitions)\/(.+)$/.exec(reference)?.[1];
  const defs = root.$defs ?? root.definitions;
  return name && isObject(defs) && isObject(defs[name]) ? (defs[name] as JsonObject) : schema;
}

const allowsNull = (schema: JsonObject) => withoutNull(schema) !== undefined;

/** What is sent for what stands in the form: null for each empty field that is required. */
export function answerOf(schema: JsonObject, value: Json, root: JsonObject = schema): Json {
  const own = resolve(schema, root) ?? schema;
  const bare = withoutNull(own);
  const inner = bare ? (resolve(bare, root) ?? bare) : own;
  if (Array.isArray(value)) {
    const items = resolve(inner.items, root);
    return items ? value.map((item) => answerOf(items, item ?? null, root)) : value;
  }
  if (!isObject(value)) return value;
  const properties = isObject(inner.properties) ? inner.properties : {};
  const required = Array.isArray(inner.required) ? inner.required : [];
  const answer: JsonObject = {};
  for (const [name, item] of Object.entries(value)) {
    const property = resolve(properties[name], root);
    if (item !== undefined) answer[name] = property ? answerOf(property, item, root) : item;
  }
  for (const [name, property] of Object.entries(properties)) {
    const own = resolve(property, root);
    if (!Object.hasOwn(answer, name) && required.includes(name) && own && allowsNull(own))
      answer[name] = null;
  }
  return answer;
}
