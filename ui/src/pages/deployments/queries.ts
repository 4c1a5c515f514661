import { useQuery } from "@tanstack/react-query";
import { get, post } from "../../api/http";
import { MOST, useFresh } from "../../api/queries";
import type { Deployment, FlowRun } from "../../api/types";

export function useDeployments(text: string) {
  const key = ["deployments", text];
  useFresh(["deployments"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<Deployment[]>(
        "deployments/filter",
        {
          deployments: text ? { name: { like_: text } } : {},
          sort: "NAME_ASC",
          limit: MOST,
        },
        signal,
      ),
    placeholderData: (previous) => previous,
  });
}

export function useDeployment(id: string) {
  const key = ["deployment", id];
  useFresh(["deployments"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => get<Deployment>(`deployments/${id}`, signal),
  });
}

const NEXT = 5;

/** The next of the runs that are scheduled, by its schedules or by hand. */
export function useNextRuns(id: string) {
  const key = ["next-runs", id];
  useFresh([`deployment:${id}`, "deployments"], key);
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      post<FlowRun[]>(
        "flow_runs/filter",
        {
          flow_runs: {
            deployment_id: { any_: [id] },
            state: { type: { any_: ["SCHEDULED"] } },
          },
          sort: "NEXT_SCHEDULED_START_TIME_ASC",
          limit: NEXT,
        },
        signal,
      ),
  });
}
