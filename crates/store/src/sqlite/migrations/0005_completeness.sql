-- How much of each chat is known whole. What is not known to be whole until some time has the latest of times.
create table completeness (
    customer_id text not null,
    chat_id text not null,
    revision integer not null,
    connection_id text not null,
    until_at integer not null,
    due_at integer not null,
    not_before integer not null,
    active_at integer not null,
    checked integer not null,
    missed integer not null,
    document text not null,
    primary key (customer_id, chat_id)
) strict;
create index completeness_due on completeness (due_at, customer_id, chat_id);
create index completeness_behind on completeness (active_at, customer_id, chat_id, until_at, not_before);
create index completeness_measured on completeness (customer_id, connection_id, checked, missed);

-- Chats of an earlier version were never compared. Nothing older than what they hold is wanted of them.
insert into completeness
    (customer_id, chat_id, revision, connection_id, until_at, due_at, not_before, active_at, checked, missed, document)
select customer_id, id, 1, connection_id, oldest, 0, 0, active_at, 0, 0, json_object(
    'chat_id', id, 'customer_id', customer_id, 'connection_id', connection_id, 'revision', 1,
    'wanted_since', oldest, 'since', oldest, 'until', oldest, 'gaps', json_array(), 'checked_at', null,
    'recent_at', 0, 'deep_at', 0, 'whole_at', 0, 'check', null, 'depth', 'whole', 'pause_seconds', 0,
    'due_at', 0, 'failures', 0, 'not_before', 0, 'asleep', json('false'), 'active_at', active_at,
    'checked', 0, 'missed', 0)
from (
    select chats.customer_id, chats.id, chats.connection_id, chats.active_at, coalesce(
        (select min(json_extract(messages.document, '$.facets.content.value.sent_at')) from messages
         where messages.customer_id = chats.customer_id and messages.chat_id = chats.id),
        json_extract(chats.document, '$.created_at')) as oldest
    from chats where chats.state = 'imported'
);

-- When any server was last up, and the last outage.
create table heartbeat (
    one integer not null primary key check (one = 1),
    document text not null
) strict;
