-- What is kept for a time and then goes: parts that could not be read, runs that ended, commands that were done.
create index parts_parked_by_age on parts (intake_id, number, customer_id, connection_id) where waiting = 0;
create index sync_statuses_ended on sync_statuses (json_extract(document, '$.finished_at'), customer_id, id)
    where open = 0;
create index commands_done on commands (json_extract(document, '$.accepted_at'), customer_id, id)
    where json_extract(document, '$.progress.state') = 'done';
