// Patterns that may take for ever: JavaScript cannot stop one, so those are left to the server, which can.
const MOST_REPEATS = 3;
const MOST_TEXT = 1000; // characters of the whole value

const isRepeatedGroup = /\)(?:[*+]|\{\d+,?\d*\})/;
const repeats = /[*+]|\{\d+,\}/g;
const escapesAndClasses = /\\.|\[(?:\\.|[^\]\\])*\]/g;

/** Whether a pattern is quick for each text that is not long. */
export function isQuick(pattern: string): boolean {
  const bare = pattern.replace(escapesAndClasses, "x");
  return (
    !isRepeatedGroup.test(bare) &&
    (bare.match(repeats)?.length ?? 0) <= MOST_REPEATS &&
    !/\\\d/.test(pattern)
  );
}

export const isLong = (valueText: string) => valueText.length > MOST_TEXT;

/** The schema without patterns: those that may be slow, or all. */
export function withoutPatterns(schema: unknown, which: "slow" | "all"): unknown {
  const isLeftOut = (pattern: string) => which === "all" || !isQuick(pattern);

  function copy(place: unknown): unknown {
    if (Array.isArray(place)) return place.map(copy);
    if (typeof place !== "object" || place === null) return place;
    return Object.fromEntries(
      Object.entries(place)
        .filter(
          ([name, value]) => !(name === "pattern" && typeof value === "string" && isLeftOut(value)),
        )
        .filter(
          ([name, value]) => !(name === "patternProperties" && Object.keys(value).some(isLeftOut)),
        )
        .map(([name, value]) => [name, copy(value)]),
    );
  }

  return copy(schema);
}
