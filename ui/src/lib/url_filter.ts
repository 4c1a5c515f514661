// Filters live in the address: a link shows what its sender saw.
import { useCallback, useMemo } from "react";
import { useSearchParams } from "wouter";

/** What the address says of the names in `nothing`, whose values mean "no filter". */
export function useUrlFilter<T extends Record<string, string>>(nothing: T) {
  const [params, setParams] = useSearchParams();
  const said = params.toString();
  const filter = useMemo(() => {
    const values = new URLSearchParams(said);
    return Object.fromEntries(
      Object.entries(nothing).map(([name, fallback]) => [name, values.get(name) ?? fallback]),
    ) as T;
  }, [said, nothing]);
  const change = useCallback(
    (changes: Partial<T>) =>
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(changes)) {
            if (value === nothing[name]) after.delete(name);
            else after.set(name, value as string);
          }
          return after;
        },
        { replace: true },
      ),
    [setParams, nothing],
  );
  return [filter, change] as const;
}
