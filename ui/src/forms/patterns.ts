// How long a pattern may take: JavaScript cannot stop one, so those that may take for ever are left to
// the server, which can.

// Escapes, classes, the beginnings of groups, and repeats; anything else is one character.
const TOKEN =
  /\\(?:[pPu]\{[^}]*\}|.)|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:<?[:=!]|<[^>]*>))?|[*+?]\??|\{\d+(?:,\d*)?\}\??|./gsu;
const BACKREFERENCE = /^\\[1-9k]/;
const REPEAT = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})/;

/** In how many ways something that fits in `ways` ways does so when it is repeated. */
function repeated(ways: number, repeat: string, length: number): number {
  const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(repeat) ?? [];
  if (repeat.startsWith("?")) return ways + 1;
  if (least !== undefined && !comma) return ways ** Number(least);
  // Without an end: as often as the text is long.
  if (!most) return ways > 1 ? Infinity : length;
  return (Number(most) - Number(least) + 1) * ways ** Number(most);
}

const MOST_STEPS = 1_000_000;

export const isQuick = (pattern: string, length: number): boolean =>
  stepsOf(pattern, length) <= MOST_STEPS;

/** The most steps that a pattern takes for a text of that length: one for each way to try it. */
export function stepsOf(pattern: string, length: number): number {
  const tokens = pattern.match(TOKEN) ?? [];
  let at = 0;
  let alternatives = 1; // of the whole

  function waysOfPart(token: string): number {
    if (BACKREFERENCE.test(token)) return Infinity;
    return token.startsWith("(") ? waysOfGroup(false) : 1;
  }

  function waysOfGroup(isWhole: boolean): number {
    let [all, ways] = [0, 1];
    while (at < tokens.length) {
      const token = tokens[at++]!;
      if (token === ")" && !isWhole) break;
      if (token === "|") {
        [all, ways] = [all + ways, 1];
        if (isWhole) alternatives += 1;
        continue;
      }
      const part = waysOfPart(token);
      const repeat = tokens[at] ?? "";
      if (!REPEAT.test(repeat)) ways *= part;
      else {
        at += 1;
        ways *= repeated(part, repeat, length);
      }
    }
    return all + ways;
  }

  const ways = waysOfGroup(true);
  const isAnchored = pattern.startsWith("^") && alternatives === 1;
  return isAnchored ? ways : ways * length;
}
