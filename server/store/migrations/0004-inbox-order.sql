-- The inbox, whole or of one flow, is read in the order of its deadlines. The index of one state does
-- not serve for two, so the inbox as it is mostly asked for has indexes of its own.
DROP INDEX input_requests_flow;
CREATE INDEX input_requests_flow
    ON input_requests (flow_id, state, COALESCE(deadline, 9223372036854775807), seq);
CREATE INDEX input_requests_open ON input_requests (COALESCE(deadline, 9223372036854775807), seq)
    WHERE state IN ('open', 'checking');
CREATE INDEX input_requests_open_flow
    ON input_requests (flow_id, COALESCE(deadline, 9223372036854775807), seq)
    WHERE state IN ('open', 'checking');
