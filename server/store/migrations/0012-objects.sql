-- Of the runs that wait for room in their deployment the one that has waited longest comes first: the
-- time for which it was meant does not move, as that of its next try does.
DROP INDEX flow_runs_awaiting_room;
CREATE INDEX flow_runs_awaiting_room ON flow_runs (deployment_id, expected_start_time)
    WHERE state_name = 'AwaitingConcurrencySlot';

-- What was kept for an Idempotency-Key told the data of blocks in the clear.
DELETE FROM idempotency_keys WHERE route = 'POST /api/block_documents/';
