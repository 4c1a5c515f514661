// Addresses that Prefect's client prints, and that are a part of another page here.
import { useQuery } from "@tanstack/react-query";
import { Link, Redirect } from "wouter";
import { ApiError, get } from "../../api/http";
import type { TaskRun } from "../../api/types";
import { Empty } from "../../components/empty";
import { Loading } from "../../components/loading";
import { Trouble } from "../../components/trouble";

interface Props {
  params: Record<string, string | undefined>;
}

export const FlowAddress = ({ params }: Props) => (
  <Redirect to={`/runs?flow=${encodeURIComponent(params.id ?? "")}`} replace />
);

export const EventAddress = ({ params }: Props) => (
  <Redirect to={`/events?id=${encodeURIComponent(params.id ?? "")}`} replace />
);

/** A task run is shown with the others of its flow run. */
export function TaskRunAddress({ params }: Props) {
  const { data, error } = useQuery({
    queryKey: ["task-run", params.id],
    queryFn: ({ signal }) => get<TaskRun>(`task_runs/${params.id}`, signal),
  });
  if (error && !(error instanceof ApiError)) return <Trouble error={error} />;
  if (!data && !error) return <Loading />;
  if (data?.flow_run_id)
    return <Redirect to={`/runs/flow-run/${data.flow_run_id}?tab=tasks`} replace />;
  return (
    <Empty title="This task run is not there.">
      <p>
        It was deleted with its flow run, or belongs to none.{" "}
        <Link href="/runs">See the runs that are</Link>
      </p>
    </Empty>
  );
}
