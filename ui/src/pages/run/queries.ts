import { useQuery } from "@tanstack/react-query";
import { get, post } from "../../api/http";
import { useFresh } from "../../api/queries";
import type { FlowRun, InputRequest, RunInput, State, TaskRun } from "../../api/types";

const MOST = 200; // rows of one list

function useOfRun<T>(name: string, runId: string, topics: string[], read: () => Promise<T>) {
  const key = [name, runId];
  useFresh(topics, key);
  return useQuery({ queryKey: key, queryFn: read });
}

export const useStates = (runId: string) =>
  useOfRun("states", runId, [`flow_run:${runId}`], () =>
    get<State[]>(`flow_run_states/?flow_run_id=${runId}`),
  );

export const useTaskRuns = (runId: string) =>
  useOfRun("task-runs", runId, [`task_runs:${runId}`, `flow_run:${runId}`], () =>
    post<TaskRun[]>("task_runs/filter", {
      flow_runs: { id: { any_: [runId] } },
      sort: "EXPECTED_START_TIME_ASC",
      limit: MOST,
    }),
  );

export const useSubflows = (runId: string) =>
  useOfRun("subflows", runId, [`flow_run:${runId}`, `task_runs:${runId}`], () =>
    post<FlowRun[]>("flow_runs/filter", {
      flow_runs: { parent_flow_run_id: { any_: [runId] } },
      sort: "EXPECTED_START_TIME_ASC",
      limit: MOST,
    }),
  );

export const useRequestsOfRun = (runId: string) =>
  useOfRun("requests", runId, [`flow_run:${runId}`, `inputs:${runId}`], () =>
    post<InputRequest[]>("input_requests/filter", {
      input_requests: {
        flow_run_id: { any_: [runId] },
        state: { any_: ["open", "checking", "answered", "expired", "cancelled"] },
      },
      sort: "CREATED_ASC",
      limit: MOST,
    }),
  );

/** What the run was sent, and what it has sent to others, in the order of arrival. */
export const useConversation = (runId: string) =>
  useOfRun("conversation", runId, [`inputs:${runId}`, `sent:prefect.flow-run.${runId}`], async () => {
    const [received, sent] = await Promise.all([
      post<RunInput[]>(`flow_runs/${runId}/input/filter`, { prefix: "", limit: MOST }),
      post<RunInput[]>(`flow_runs/${runId}/input/sent`, { limit: MOST }),
    ]);
    return { received, sent };
  });
