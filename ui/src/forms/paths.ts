// The API says where something is wrong as "address.city" or "tags[1]"; a form as ["tags", 1].
import type { ErrorSchema } from "@rjsf/utils";
import type { Json, Problem } from "../api/types";

/** A problem whose place is known exactly, whatever the names on the way are made of. */
export interface PlacedProblem extends Problem {
  parts?: (string | number)[];
}

export function parsePath(path: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g))
    parts.push(index === undefined ? name! : Number(index));
  return parts;
}

export function valueAt(value: Json | undefined, parts: readonly (string | number)[]) {
  let place: unknown = value;
  for (const part of parts) {
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, part))
      return undefined;
    place = (place as Record<string | number, unknown>)[part];
  }
  return place;
}

/** The same as rjsf wants to be told it. */
export function errorSchema(problems: readonly PlacedProblem[]): ErrorSchema {
  const root: ErrorSchema = {};
  for (const { path, message, parts = parsePath(path) } of problems) {
    let place = root as Record<string | number, ErrorSchema> & ErrorSchema;
    for (const part of parts) {
      if (!Object.hasOwn(place, part))
        Object.defineProperty(place, part, { value: {}, enumerable: true, configurable: true });
      place = place[part] as typeof place;
    }
    place.__errors = [...(place.__errors ?? []), message];
  }
  return root;
}
