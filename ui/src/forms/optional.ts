// What may be null is, for a person, what may be left empty: the form is made without the null, and
// an empty field is sent as null again.
import type { Json, JsonObject } from "../api/types";
import { isObject } from "./parts";

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

type Change = (schema: Json, name: string) => Json;

const mapped = (place: Json | undefined, change: Change): Json | undefined =>
  isObject(place)
    ? Object.fromEntries(
        Object.entries(place).map(([name, schema]) => [name, change(schema, name)]),
      )
    : place;

function compact(schema: Record<string, Json | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== undefined),
  ) as JsonObject;
}

/** Marks what is one of several that something may be. */
export const PART = "x-fermata-form-part";

const partNames: Record<string, string> = {
  string: "Text",
  integer: "Whole number",
  number: "Number",
  boolean: "Yes or no",
  array: "List",
  object: "Fields",
  date: "Date",
  time: "Time",
  "date-time": "Date and time",
  null: "Empty",
};

/** One of several kinds, with a name to choose it by. */
function formPart(part: Json): Json {
  const form = formSchema(part);
  if (!isObject(form) || "const" in form || "enum" in form) return form;
  const name = partNames[String(form.format)] ?? partNames[String(form.type)];
  return { ...(name && !form.$ref ? { title: name } : {}), ...form, [PART]: true };
}

/** In a list or a map there is no leaving out: null is chosen there. */
const formMember = (schema: Json): Json => formSchema(schema, true);

/** The items of a list: the form's library knows prefixItems by an older name. */
function formItems(schema: JsonObject): Record<string, Json | undefined> {
  if (Array.isArray(schema.prefixItems))
    return {
      prefixItems: undefined,
      items: schema.prefixItems.map(formMember),
      additionalItems: formMember(schema.items ?? false),
    };
  if (schema.items !== undefined) return { items: formMember(schema.items) };
  return schema.type === "array" ? { items: {} } : {};
}

/** A field of a type that has a title for itself has its own name: there may be two of them. */
function formField(schema: Json, name: string): Json {
  const form = formSchema(schema);
  return isObject(form) && form.$ref !== undefined ? { title: name, ...form } : form;
}

/** The schema of the form: with no nulls in it, and what may be null not required. */
export function formSchema(schema: Json, keepsNull = false): Json {
  if (!isObject(schema)) return schema;
  const bare = keepsNull ? undefined : withoutNull(schema);
  const base = bare ? { ...bare, [OPTIONAL]: true } : schema;
  const properties = mapped(base.properties, formField);
  const required = Array.isArray(base.required)
    ? base.required.filter((name) => !isOptional(properties, name))
    : base.required;
  return compact({
    ...base,
    properties,
    required,
    $defs: mapped(base.$defs, (part) => formSchema(part)),
    definitions: mapped(base.definitions, (part) => formSchema(part)),
    ...formItems(base),
    additionalProperties:
      base.additionalProperties === undefined ? undefined : formMember(base.additionalProperties),
    anyOf: Array.isArray(base.anyOf) ? base.anyOf.map(formPart) : base.anyOf,
    oneOf: Array.isArray(base.oneOf) ? base.oneOf.map(formPart) : base.oneOf,
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

/** The schema of what is there when it is not null. */
function innerOf(schema: JsonObject, root: JsonObject): JsonObject {
  const own = resolve(schema, root) ?? schema;
  const bare = withoutNull(own);
  return bare ? (resolve(bare, root) ?? bare) : own;
}

/** What stands in the form for a value: nothing for each null that stands for an empty field. */
export function enteredOf(schema: JsonObject, value: Json, root: JsonObject = schema): Json {
  const inner = innerOf(schema, root);
  if (Array.isArray(value)) {
    const items = resolve(inner.items, root);
    return items ? value.map((item) => enteredOf(items, item, root)) : value;
  }
  if (!isObject(value)) return value;
  const properties = isObject(inner.properties) ? inner.properties : {};
  const entered: [string, Json][] = [];
  for (const [name, item] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? resolve(properties[name], root) : undefined;
    if (item === null && property && allowsNull(property)) continue;
    entered.push([name, property ? enteredOf(property, item, root) : item]);
  }
  return Object.fromEntries(entered);
}

/** What is sent for what stands in the form: null for each empty field that is required. */
export function answerOf(schema: JsonObject, value: Json, root: JsonObject = schema): Json {
  const inner = innerOf(schema, root);
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
