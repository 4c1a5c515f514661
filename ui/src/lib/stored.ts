import { useState } from "react";

/** A text that this browser remembers. */
export function useStored(name: string, fallback: string) {
  const [value, setValue] = useState(() => localStorage.getItem(name) ?? fallback);
  const change = (text: string) => {
    setValue(text);
    localStorage.setItem(name, text);
  };
  return [value, change] as const;
}
