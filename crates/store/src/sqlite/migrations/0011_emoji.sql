-- Emoji that only one account has. A name that is gone keeps its row, so that late news do not bring it back.
create table emoji (
    customer_id text not null,
    connection_id text not null,
    name text not null,
    version integer not null,
    gone integer not null,
    document text not null,
    primary key (customer_id, connection_id, name)
) strict, without rowid;
create index emoji_by_version on emoji (customer_id, connection_id, version) where gone = 0;
