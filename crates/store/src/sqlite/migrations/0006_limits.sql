-- Until when a platform wants no call. What calls were made is counted in memory, as leases are.
create table pauses (
    integration text not null,
    method text not null,
    key text not null,
    until integer not null,
    primary key (integration, method, key)
) strict, without rowid;
create index pauses_end on pauses (until);

-- What waits, customer by customer, so that nobody's many rows hold up another's one.
create index parts_in_turns on parts (customer_id, due_at, intake_id, number, connection_id, chat) where waiting = 1;
create index commands_in_turns on commands (customer_id, due_at, chat_id, number) where open = 1;
create index sync_statuses_in_turns on sync_statuses (customer_id, due_at, id) where open = 1;
