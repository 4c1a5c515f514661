// JSON that keeps each number's digits. A number that JavaScript would round is a bigint if it is whole,
// else what JSON.rawJSON makes of its text: both go out again as they came.
import type { Json } from "../api/types";

interface ExactJSON {
  parse(
    text: string,
    revive: (key: string, value: Json, context: { source?: string }) => Json,
  ): Json;
  rawJSON(text: string): { rawJSON: string };
  isRawJSON(value: unknown): value is { rawJSON: string };
}

const exact = JSON as unknown as ExactJSON;

const isWhole = (source: string) => /^-?\d+$/.test(source);

/** Digits and power of ten, so that 1.50 and 15e-1 are the same. */
function canonical(source: string): string {
  const [, sign, whole, fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(source) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const bare = digits.replace(/0+$/, "");
  if (!bare) return "0";
  return `${sign}${bare}e${Number(power) - fraction.length + digits.length - bare.length}`;
}

/** What JSON calls a number, exactly. */
export function exactNumber(source: string): number | bigint | { rawJSON: string } {
  const value = Number(source);
  if (Number.isFinite(value) && canonical(String(value)) === canonical(source)) return value;
  return isWhole(source) ? BigInt(source) : exact.rawJSON(source);
}

/** Throws what JSON.parse throws. */
export function parseJson(text: string): Json {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined ? (exactNumber(source) as Json) : value,
  );
}

// Also for libraries that write JSON of what they are given.
Object.defineProperty(BigInt.prototype, "toJSON", {
  value(this: bigint) {
    return exact.rawJSON(String(this));
  },
});

export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent);

/** Whether it is a number that is no bigint and has more digits than JavaScript's have. */
export const isRawNumber = (value: unknown): boolean => exact.isRawJSON(value);

/** Whether it is a number that JavaScript would round. */
export const isExactNumber = (value: unknown): boolean =>
  typeof value === "bigint" || isRawNumber(value);

/** Whether the value holds a number that JavaScript would round. */
export function hasExactNumber(value: unknown): boolean {
  if (isExactNumber(value)) return true;
  return typeof value === "object" && value !== null && Object.values(value).some(hasExactNumber);
}

/** Whether the value holds a number with more digits than a form's field can. */
export function hasRawNumber(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return exact.isRawJSON(value) || Object.values(value).some(hasRawNumber);
}

/** The same with numbers as JavaScript has them: near enough to be checked. */
export function rounded(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (exact.isRawJSON(value)) return Number(value.rawJSON);
  if (Array.isArray(value)) return value.map(rounded);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rounded(item)]));
}
