import { useState } from "react";

type Place = "localStorage" | "sessionStorage";

/** What the browser has kept. Where it may keep nothing, each access throws. */
export function readStored(place: Place, name: string): string | null {
  try {
    return window[place].getItem(name);
  } catch {
    return null;
  }
}

/** Null is kept as nothing. What cannot be kept is not: nothing depends on it. */
export function writeStored(place: Place, name: string, text: string | null) {
  try {
    window[place].removeItem(name);
    if (text !== null) window[place].setItem(name, text);
  } catch {
    // No room, or not allowed.
  }
}

/** A text that this browser remembers. */
export function useStored(name: string, fallback: string) {
  const [value, setValue] = useState(() => readStored("localStorage", name) ?? fallback);
  const change = (text: string) => {
    setValue(text);
    writeStored("localStorage", name, text);
  };
  return [value, change] as const;
}
