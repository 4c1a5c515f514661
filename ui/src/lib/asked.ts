// What input requests ask, in a line, and whether they ask for the same.
import type { InputRequest } from "../api/types";
import { jsonText } from "./json";
import { firstLine } from "./text";

/** Whether one answer can serve both. */
export const isAlike = (a: InputRequest, b: InputRequest): boolean =>
  a.wants_input === b.wants_input && jsonText(a.schema) === jsonText(b.schema);

export function whatIsAsked(request: InputRequest): string {
  if (request.description) return firstLine(request.description);
  return request.wants_input ? "Asks for input." : "Asks for a yes.";
}
