-- Whether a worker of a pool is there, and which have been gone longest.
CREATE INDEX workers_of_pool ON workers (work_pool_id) WHERE status = 'ONLINE';
CREATE INDEX workers_gone ON workers (last_heartbeat_time) WHERE status = 'OFFLINE';
