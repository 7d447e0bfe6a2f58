-- How far connections have read the line of news that a platform keeps for their account.
create table followings (
    customer_id text not null,
    connection_id text not null,
    revision integer not null,
    due_at integer not null,
    document text not null,
    primary key (customer_id, connection_id)
) strict;
create index followings_due on followings (due_at, customer_id, connection_id);

-- The one connection that a raw request is for, where it asked for it by itself; otherwise empty.
alter table intakes add column connection_id text not null default '';
