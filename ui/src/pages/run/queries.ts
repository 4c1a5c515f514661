import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../api/http";
import { MOST, useFresh } from "../../api/queries";
import type { FlowRun, InputRequest, RunInput, State, TaskRun } from "../../api/types";
import { isOver } from "./over";

function useOfRun<T>(
  name: string,
  runId: string,
  topics: string[],
  read: (signal: AbortSignal) => Promise<T>,
) {
  const key = [name, runId];
  useFresh(topics, key);
  return useQuery({ queryKey: key, queryFn: ({ signal }) => read(signal) });
}

/** A list of a run's that is read on by parts. */
function usePartsOfRun<T>(
  name: string,
  runId: string,
  topics: string[],
  path: string,
  body: object,
) {
  const key = [name, runId];
  useFresh(topics, key);
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam, signal }) =>
      post<T[]>(path, { ...body, limit: MOST, offset: pageParam }, signal),
    initialPageParam: 0,
    getNextPageParam: (part, parts) => (part.length < MOST ? undefined : parts.length * MOST),
  });
  return { ...query, rows: query.data?.pages.flat() };
}

export const useStates = (runId: string) =>
  useOfRun("states", runId, [`flow_run:${runId}`], (signal) =>
    get<State[]>(`flow_run_states/?flow_run_id=${runId}`, signal),
  );

export const useTaskRuns = (runId: string) =>
  usePartsOfRun<TaskRun>(
    "task-runs",
    runId,
    [`task_runs:${runId}`, `flow_run:${runId}`],
    "task_runs/filter",
    { flow_runs: { id: { any_: [runId] } }, sort: "EXPECTED_START_TIME_ASC" },
  );

// What its subflows do is told with all runs.
export const useSubflows = (run: FlowRun) =>
  usePartsOfRun<FlowRun>(
    "subflows",
    run.id,
    [isOver(run) ? `flow_run:${run.id}` : "flow_runs"],
    "flow_runs/filter",
    {
      flow_runs: { parent_flow_run_id: { any_: [run.id] } },
      sort: "EXPECTED_START_TIME_ASC",
    },
  );

export const useRequestsOfRun = (runId: string) =>
  usePartsOfRun<InputRequest>(
    "requests",
    runId,
    [`flow_run:${runId}`, `inputs:${runId}`],
    "input_requests/filter",
    {
      input_requests: {
        flow_run_id: { any_: [runId] },
        state: { any_: ["open", "checking", "answered", "expired", "cancelled"] },
      },
      sort: "CREATED_ASC",
    },
  );

/** What the run waits for, if it waits. */
export const useOpenRequest = (runId: string) =>
  useOfRun("open-request", runId, [`flow_run:${runId}`, `inputs:${runId}`], (signal) =>
    post<InputRequest[]>(
      "input_requests/filter",
      { input_requests: { flow_run_id: { any_: [runId] } }, limit: 1 },
      signal,
    ),
  );

const INPUTS = 2000; // of one reading

/** What the run was sent, in the order of arrival. Only what is new is read again. */
export function useReceived(runId: string) {
  const client = useQueryClient();
  const key = ["received", runId];
  useFresh([`inputs:${runId}`], key);
  return useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const all = [...(client.getQueryData<RunInput[]>(key) ?? [])];
      for (;;) {
        const part = await post<RunInput[]>(
          `flow_runs/${runId}/input/filter`,
          { prefix: "", limit: INPUTS, after: all.at(-1)?.seq ?? 0 },
          signal,
        );
        if (part.length === 0) return all;
        all.push(...part);
      }
    },
  });
}

/** The last of what the run has sent to others. */
export const useSent = (runId: string) =>
  useOfRun("sent", runId, [`sent:prefect.flow-run.${runId}`], (signal) =>
    post<RunInput[]>(`flow_runs/${runId}/input/sent`, { limit: MOST }, signal),
  );
