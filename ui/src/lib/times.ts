// Times and lengths of time in words.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// From the largest: a length is told in the first that is full, and the one after it.
const units = [
  { name: "d", length: DAY },
  { name: "h", length: HOUR },
  { name: "min", length: MINUTE },
  { name: "s", length: SECOND },
] as const;

/** "2 h 5 min", "45 s", "380 ms". */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < SECOND) return `${Math.round(whole)} ms`;
  if (whole < 10 * SECOND) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`;
  const first = units.findIndex(({ length }) => whole >= length);
  const big = units[first]!;
  const count = Math.floor(whole / big.length);
  const small = units[first + 1];
  const rest = small ? Math.floor((whole - count * big.length) / small.length) : 0;
  return rest > 0 ? `${count} ${big.name} ${rest} ${small!.name}` : `${count} ${big.name}`;
}

/** "in 4 min 10 s", "3 h ago". */
export function relative(time: number, now: number): string {
  const apart = Math.abs(time - now);
  if (apart < SECOND) return "now";
  const text = duration(apart < 10 * SECOND ? Math.floor(apart / SECOND) * SECOND : apart);
  const plain = text.replace(".0 s", " s");
  return time > now ? `in ${plain}` : `${plain} ago`;
}

const exactly = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

export const exact = (time: string): string => exactly.format(new Date(time));

const shortly = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

/** With day and minute: for what is planned. */
export const dayAndTime = (time: string): string => shortly.format(new Date(time));
