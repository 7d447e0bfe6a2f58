-- Files that were uploaded and wait to be sent. Their bytes are kept elsewhere.
create table uploads (
    customer_id text not null,
    id text not null,
    revision integer not null,
    size_bytes integer not null,
    due_at integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create index uploads_due on uploads (due_at, customer_id, id);
