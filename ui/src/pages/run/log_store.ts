// The logs of a run, read in chunks as they are looked at: a million lines cost only those seen.
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { post } from "../../api/http";
import { MOST, useFresh } from "../../api/queries";
import type { Log } from "../../api/types";

export interface LogFilter {
  level: number;
  text: string;
}

export const CHUNK = MOST; // lines

/** How many lines there are, and the number of the last one. */
export interface Extent {
  count: number;
  seq: number;
}

const nothing: Extent = { count: 0, seq: 0 };

interface Place {
  after?: number; // the number of the line before
  offset?: number;
}

function filterOf(runId: string, filter: LogFilter) {
  return {
    flow_run_id: { any_: [runId] },
    ...(filter.level > 0 ? { level: { ge_: filter.level } } : {}),
    ...(filter.text ? { text: { query: filter.text } } : {}),
  };
}

export function readLogs(
  runId: string,
  filter: LogFilter,
  { after, offset = 0 }: Place,
  signal?: AbortSignal,
): Promise<Log[]> {
  const seq = after === undefined ? {} : { seq: { gt_: after } };
  const logs = { ...filterOf(runId, filter), ...seq };
  return post<Log[]>("logs/filter", { logs, sort: "SEQ_ASC", limit: CHUNK, offset }, signal);
}

export const extentKey = (runId: string, filter: LogFilter) => ["log-extent", runId, filter];
export const chunkKey = (runId: string, filter: LogFilter, chunk: number) => [
  "log-chunk",
  runId,
  filter,
  chunk,
];

/** What chunks become when lines come behind the first `count`; a chunk that is not at hand is left out. */
export function extended(
  count: number,
  lines: readonly Log[],
  chunkOf: (chunk: number) => readonly Log[] | undefined,
): Map<number, readonly Log[]> {
  const chunks = new Map<number, readonly Log[]>();
  lines.forEach((line, index) => {
    const chunk = Math.floor((count + index) / CHUNK);
    const place = (count + index) % CHUNK;
    const before = chunks.get(chunk) ?? (place === 0 ? [] : chunkOf(chunk));
    if (before?.length === place) chunks.set(chunk, [...before, line]);
  });
  return chunks;
}

async function firstExtent(runId: string, filter: LogFilter, signal: AbortSignal): Promise<Extent> {
  const count = await post<number>("logs/count", { logs: filterOf(runId, filter) }, signal);
  if (count === 0) return nothing;
  const end = await readLogs(runId, filter, { offset: count - 1 }, signal);
  return end.length > 0 ? { count: count - 1 + end.length, seq: end.at(-1)!.seq } : nothing;
}

/** Reads only what has come since: it goes into the chunks at hand, and is not counted again. */
async function grow(
  client: QueryClient,
  runId: string,
  filter: LogFilter,
  known: Extent,
  signal: AbortSignal,
): Promise<Extent> {
  let { count, seq } = known;
  for (;;) {
    const lines = await readLogs(runId, filter, { after: seq }, signal);
    const chunks = extended(count, lines, (chunk) =>
      client.getQueryData<Log[]>(chunkKey(runId, filter, chunk)),
    );
    chunks.forEach((chunk, index) => client.setQueryData(chunkKey(runId, filter, index), chunk));
    count += lines.length;
    seq = lines.at(-1)?.seq ?? seq;
    if (lines.length < CHUNK) return { count, seq };
  }
}

/** How many lines there are, kept up to date as they come. */
export function useLogExtent(runId: string, filter: LogFilter) {
  const client = useQueryClient();
  const key = extentKey(runId, filter);
  useFresh([`logs:${runId}`], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => {
      const known = client.getQueryData<Extent>(key);
      return known && known.count > 0
        ? grow(client, runId, filter, known, signal)
        : firstExtent(runId, filter, signal);
    },
  });
}

export function useLogChunk(runId: string, filter: LogFilter, chunk: number) {
  const client = useQueryClient();
  const key = chunkKey(runId, filter, chunk);
  return useQuery({
    queryKey: key,
    staleTime: "static", // lines do not change; what comes behind them is put there
    queryFn: async ({ signal }) => {
      const lines = await readLogs(runId, filter, { offset: chunk * CHUNK }, signal);
      const grown = client.getQueryData<Log[]>(key) ?? [];
      return grown.length > lines.length ? grown : lines;
    },
  });
}
