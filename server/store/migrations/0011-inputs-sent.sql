-- What a run has sent to others.
CREATE INDEX flow_run_inputs_sent ON flow_run_inputs (sender, seq) WHERE sender IS NOT NULL;
