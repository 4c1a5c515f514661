// Schemas that no form can be made of: those are answered as JSON.
import type { Json, JsonObject } from "../api/types";
import { hasRawNumber } from "../lib/json";
import { isObject, partsOf } from "./parts";
import { isQuick } from "./patterns";

const MOST_FIELDS = 500;
const DEEPEST = 12;
const MOST_PARTS = 10_000; // those that are referred to as often as they are
const LONG_NAME = 1000; // characters

// What the form's library, or JavaScript, takes for something else than a field.
const noNames = new Set(["__proto__", "constructor", "prototype", "__errors"]);

const member = (object: JsonObject, name: string): Json | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;

function definition(root: JsonObject, reference: string): Json | undefined {
  const name = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(reference);
  const defs = name ? member(root, name[1]!) : undefined;
  return isObject(defs) ? member(defs, name![2]!) : undefined;
}

function isUsable(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return isQuick(pattern, LONG_NAME);
  } catch {
    return false;
  }
}

interface Place {
  part: JsonObject;
  followed: readonly string[]; // the references on the way to it
}

function within(root: JsonObject, { part, followed }: Place): Place[] {
  const own = partsOf(part).map((inner) => ({ part: inner, followed }));
  const reference = part.$ref;
  if (typeof reference !== "string" || followed.includes(reference)) return own;
  const target = definition(root, reference);
  return isObject(target) ? [...own, { part: target, followed: [...followed, reference] }] : own;
}

/** Why the form's library cannot look at all of it, as it does for each thing that is typed. */
function whyNotLookedThrough(root: JsonObject): string | undefined {
  const waiting: Place[] = [{ part: root, followed: [] }];
  for (let looked = 0; waiting.length > 0; looked++) {
    if (looked > MOST_PARTS) return `It has more than ${MOST_PARTS.toLocaleString()} parts.`;
    const place = waiting.pop()!;
    const names = place.part.patternProperties;
    if (isObject(names) && !Object.keys(names).every(isUsable))
      return "It has a pattern for names that takes too long, or is none.";
    waiting.push(...within(root, place));
  }
  return undefined;
}

/** What a form shows only when somebody asks for it: items, and one of several kinds. */
function laterParts(schema: JsonObject): Json[] {
  const lists = [schema.anyOf, schema.oneOf, schema.allOf, schema.prefixItems];
  const single = [schema.items, schema.additionalProperties];
  return [...lists.flatMap((list) => (Array.isArray(list) ? list : [])), ...single].filter(
    isObject,
  );
}

/** Why there is no form for this schema; undefined: there is one. */
export function whyNoForm(root: JsonObject): string | undefined {
  const waiting: Json[] = [];
  const followed = new Set<string>();
  let fields = 0;

  function lookAtReference(reference: string, depth: number, seen: readonly string[]) {
    if (!reference.startsWith("#/")) return "It refers to a schema that is elsewhere.";
    if (seen.includes(reference)) return "It contains itself without an end.";
    const target = definition(root, reference);
    if (target === undefined) return "It refers to a part of the schema that is not there.";
    return look(target, depth + 1, [...seen, reference]);
  }

  /** Follows what a form shows from the beginning: fields of fields. The rest waits. */
  function look(
    schema: Json | undefined,
    depth: number,
    seen: readonly string[],
  ): string | undefined {
    if (!isObject(schema)) return undefined;
    if (depth > DEEPEST) return "It is nested too deeply for a form.";
    if (typeof schema.$ref === "string") return lookAtReference(schema.$ref, depth, seen);
    const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
    fields += properties.length;
    if (fields > MOST_FIELDS) return `It has more than ${MOST_FIELDS} fields.`;
    waiting.push(...laterParts(schema));
    for (const [name, property] of properties) {
      if (noNames.has(name)) return `A field cannot be called ${name} in a form.`;
      const why = look(property, depth + 1, seen);
      if (why) return why;
    }
    return undefined;
  }

  /** Each definition once, however often it is referred to. */
  function isNew(part: Json): boolean {
    const reference = isObject(part) ? part.$ref : undefined;
    if (typeof reference !== "string") return true;
    const isFirst = !followed.has(reference);
    followed.add(reference);
    return isFirst;
  }

  if (hasRawNumber(root)) return "It holds a number with more digits than a field can.";
  const tooMuch = whyNotLookedThrough(root);
  if (tooMuch) return tooMuch;
  for (let why = look(root, 0, []); ; why = look(waiting.pop(), 0, [])) {
    if (why) return why;
    while (waiting.length > 0 && !isNew(waiting.at(-1)!)) waiting.pop();
    if (waiting.length === 0) return undefined;
    fields = 0;
  }
}
