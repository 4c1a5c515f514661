// The logs of a run, read in chunks as they are looked at: a million lines cost only those seen.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { post } from "../../api/http";
import { useTopics } from "../../api/live";
import type { Log } from "../../api/types";

export interface LogFilter {
  level: number;
  text: string;
}

export const CHUNK = 200; // lines; as many as the API lists at once

function body(runId: string, filter: LogFilter) {
  return {
    logs: {
      flow_run_id: { any_: [runId] },
      ...(filter.level > 0 ? { level: { ge_: filter.level } } : {}),
      ...(filter.text ? { text: { query: filter.text } } : {}),
    },
  };
}

/** How many lines there are, kept up to date as they come. */
export function useLogCount(runId: string, filter: LogFilter) {
  const client = useQueryClient();
  const key = useMemo(() => ["log-count", runId, filter], [runId, filter]);
  const chunks = useMemo(() => ["log-chunk", runId, filter], [runId, filter]);
  const onChange = useCallback(() => {
    void client.invalidateQueries({ queryKey: key });
    // A chunk that was full stays as it is: lines only come at the end.
    void client.invalidateQueries({
      queryKey: chunks,
      predicate: (query) => ((query.state.data as Log[] | undefined)?.length ?? 0) < CHUNK,
    });
  }, [client, key, chunks]);
  useTopics([`logs:${runId}`], onChange);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => post<number>("logs/count", body(runId, filter), signal),
  });
}

export function useLogChunk(runId: string, filter: LogFilter, chunk: number) {
  return useQuery({
    queryKey: ["log-chunk", runId, filter, chunk],
    queryFn: ({ signal }) =>
      post<Log[]>(
        "logs/filter",
        { ...body(runId, filter), sort: "SEQ_ASC", limit: CHUNK, offset: chunk * CHUNK },
        signal,
      ),
  });
}
