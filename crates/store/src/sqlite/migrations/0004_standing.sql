-- When upkeep has to look at a connection: the greatest of all numbers where there is nothing to do.
alter table connections add column due_at integer not null default 9223372036854775807;
create index connections_due on connections (due_at, customer_id, id) where due_at < 9223372036854775807;
