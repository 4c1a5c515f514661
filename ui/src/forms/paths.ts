// The API says where something is wrong as "address.city" or "tags[1]"; a form as ["tags", 1].
import type { ErrorSchema } from "@rjsf/utils";
import type { Problem } from "../api/types";

export function parsePath(path: string): (string | number)[] {
  const parts: (string | number)[] = [];
  for (const [, name, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g))
    parts.push(index === undefined ? name! : Number(index));
  return parts;
}

/** The same as rjsf wants to be told it. */
export function errorSchema(problems: readonly Problem[]): ErrorSchema {
  const root: ErrorSchema = {};
  for (const { path, message } of problems) {
    let place = root as Record<string | number, ErrorSchema> & ErrorSchema;
    for (const part of parsePath(path)) {
      if (!Object.hasOwn(place, part))
        Object.defineProperty(place, part, { value: {}, enumerable: true, configurable: true });
      place = place[part] as typeof place;
    }
    place.__errors = [...(place.__errors ?? []), message];
  }
  return root;
}
