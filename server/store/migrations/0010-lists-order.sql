-- The latest runs of a state by their start, and the inbox of a deployment, without a sort.
CREATE INDEX flow_runs_state_began
    ON flow_runs (state_type, COALESCE(start_time, expected_start_time));
CREATE INDEX input_requests_deployment
    ON input_requests (deployment_id, state, COALESCE(deadline, 9223372036854775807), seq)
    WHERE deployment_id IS NOT NULL;
CREATE INDEX input_requests_open_deployment
    ON input_requests (deployment_id, COALESCE(deadline, 9223372036854775807), seq)
    WHERE state IN ('open', 'checking') AND deployment_id IS NOT NULL;
