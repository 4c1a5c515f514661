// What can be sent to a run: under which key a flow looks for it, and how it is stored.
import { isRawNumber, parseJson } from "../../lib/json";
import type { Message } from "./conversation";

export interface Kind {
  /** What its keys begin with. */
  prefix: string;
  label: string;
  /** Why the text is none of these; undefined: it is one. */
  wrong: (value: unknown) => string | undefined;
}

const isWhole = (value: unknown) => Number.isInteger(value) || typeof value === "bigint";
const isObject = (value: unknown) => typeof value === "object" && value !== null;
const isNumber = (value: unknown) =>
  typeof value === "number" || typeof value === "bigint" || isRawNumber(value);

const plain = (
  type: string,
  label: string,
  fits: (value: unknown) => boolean,
  hint: string,
): Kind => ({
  prefix: `${type}automaticruninput-auto`,
  label,
  wrong: (value) => (fits(value) ? undefined : hint),
});

/** Those of a flow that receives a plain type. */
export const plainKinds: readonly Kind[] = [
  plain("str", "Text", () => true, ""),
  plain("int", "Whole number", isWhole, "A whole number, such as 42"),
  plain("float", "Number", isNumber, "A number, such as 2.5"),
  plain("bool", "True or false", (value) => typeof value === "boolean", "Either true or false"),
  plain("list", "List", Array.isArray, "A list, such as [1, 2]"),
  plain(
    "dict",
    "Object",
    (value) => isObject(value) && !Array.isArray(value) && !isRawNumber(value),
    'An object, such as {"name": "Ada"}',
  ),
];

export const TEXT = plainKinds[0]!;

const ID_AT_END = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Of the flow's own types: whatever JSON it is, the flow checks it. */
export const ownKind = (prefix: string): Kind => ({
  prefix,
  label: prefix.replace(/-auto$/, ""),
  wrong: () => undefined,
});

/** The kinds of what the run has received so far, beside the plain ones. */
export function heardKinds(all: readonly Message[]): Kind[] {
  const prefixes = all
    .filter((message) => !message.sent && ID_AT_END.test(message.input.key))
    .map((message) => message.input.key.replace(ID_AT_END, ""));
  return [...new Set(prefixes)]
    .filter((prefix) => !plainKinds.some((kind) => kind.prefix === prefix))
    .map(ownKind);
}

/** What is stored for what was typed, or why it cannot be sent. */
export function stored(kind: Kind, text: string): { value: string } | { error: string } {
  if (kind === TEXT) return { value: JSON.stringify({ value: text }) };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { error: kind.wrong(undefined) ?? `Not JSON: ${(error as Error).message}` };
  }
  const error = kind.wrong(value);
  if (error) return { error };
  // The text itself, so that numbers keep their digits.
  return { value: plainKinds.includes(kind) ? `{"value": ${text.trim()}}` : text.trim() };
}
