// What the pages have read, and when it is read anew.
import { QueryClient, type QueryKey } from "@tanstack/react-query";
import { jsonText } from "../lib/json";
import { ApiError } from "./http";

const FEW = 3;

export function makeClient() {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        // The live socket says when to read again; so nothing is read because time passed.
        staleTime: Infinity,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A browser that is offline still reaches a server on its own machine.
        networkMode: "always",
        // What is the same stays the same object. (The library's own way knows no raw numbers.)
        structuralSharing: (before, after) =>
          jsonText(before) === jsonText(after) ? before : after,
        // What the server refuses it refuses again.
        retry: (count, error) => count < FEW && !(error instanceof ApiError && error.status < 500),
      },
    },
  });
  // What nobody looks at is not watched either: whoever comes back reads it anew.
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type === "observerRemoved" && query.getObserversCount() === 0) query.invalidate();
  });
  return client;
}

/** Reads anew all that is looked at. What is on its way may be from before, or waits to be tried again. */
export async function readAllAnew(client: QueryClient) {
  await client.cancelQueries();
  await client.invalidateQueries();
}

/** Reads anew after a change. What is on its way may be from before it: that comes to its end, lest
 * what is slow never does, and is read once more. */
export async function readAnew(client: QueryClient, queryKey: QueryKey) {
  await client.refetchQueries({ queryKey, fetchStatus: "fetching" }, { cancelRefetch: false });
  await client.invalidateQueries({ queryKey });
}

/** Calls `act` once for many calls, `ms` after the first; for those that come while it is at it, once
 * more when it is done. */
export function gathered(act: () => Promise<unknown>, ms: number): () => void {
  let isWaiting = false;
  let isActing = false;
  let again = false;
  const begin = () => {
    isWaiting = true;
    setTimeout(() => void run(), ms);
  };
  const run = async () => {
    isWaiting = false;
    isActing = true;
    await act().catch(() => {}); // what went wrong stands on the page
    isActing = false;
    if (again) begin();
    again = false;
  };
  return () => {
    if (isActing) again = true;
    else if (!isWaiting) begin();
  };
}
