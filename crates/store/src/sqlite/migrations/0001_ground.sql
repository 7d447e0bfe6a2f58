-- A row's columns are what it is looked up and ordered by; the row itself is its document.
-- Tables of customers' data lead with customer_id. A text that is not there is empty, never null.

-- The app's log, over all customers, and each customer's feed in it.
create table log (
    one integer not null primary key check (one = 1),
    last_position integer not null
) strict;
insert into log (one, last_position) values (1, 0);

create table feeds (
    customer_id text not null primary key,
    last_seq integer not null,
    forgotten_seq integer not null
) strict, without rowid;

create table events (
    position integer not null primary key,
    customer_id text not null,
    seq integer not null,
    at integer not null,
    document text not null
) strict;
create unique index events_of_customer on events (customer_id, seq);

-- Raw requests, and the pieces of them.
create table intakes (
    id text not null primary key,
    integration text not null,
    headers text not null,
    body blob not null,
    received_at integer not null,
    routed integer not null
) strict;
create index intakes_unrouted on intakes (id) where routed = 0;
create index intakes_routed on intakes (received_at, id) where routed = 1;

create table parts (
    customer_id text not null,
    intake_id text not null,
    number integer not null,
    connection_id text not null,
    chat text not null,
    waiting integer not null,
    due_at integer not null,
    document text not null,
    primary key (customer_id, intake_id, number, connection_id)
) strict, without rowid;
create index parts_due on parts (due_at, intake_id, number, customer_id, connection_id, chat) where waiting = 1;
create index parts_of_lane on parts (customer_id, connection_id, chat, intake_id, number, due_at) where waiting = 1;
create index parts_parked on parts (customer_id, intake_id, number, connection_id) where waiting = 0;
create index parts_of_intake on parts (intake_id);

create table unclaimed (
    intake_id text not null,
    number integer not null,
    integration text not null,
    account text not null,
    until integer not null,
    document text not null,
    primary key (intake_id, number)
) strict, without rowid;
create index unclaimed_of_account on unclaimed (integration, account, intake_id, number);
create index unclaimed_until on unclaimed (until, intake_id, number);

-- Connections, logins and people.
create table connections (
    customer_id text not null,
    id text not null,
    revision integer not null,
    integration text not null,
    account text not null,
    created_at integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create unique index connection_of_account on connections (customer_id, integration, account);

-- Who is told of an account's news, and who stands on a login: asked before any customer is known.
create table listeners (
    integration text not null,
    account text not null,
    customer_id text not null,
    connection_id text not null,
    primary key (integration, account, customer_id, connection_id)
) strict, without rowid;
create index listeners_of_connection on listeners (customer_id, connection_id);

create table standings (
    login_id text not null,
    customer_id text not null,
    connection_id text not null,
    primary key (login_id, customer_id, connection_id)
) strict, without rowid;
create index standings_of_connection on standings (customer_id, connection_id);

create table logins (
    id text not null primary key,
    revision integer not null,
    integration text not null,
    account text not null,
    document text not null
) strict;
create unique index login_of_account on logins (integration, account);

create table user_platforms (
    customer_id text not null,
    id text not null,
    revision integer not null,
    connection_id text not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create index user_platforms_in_order on user_platforms (customer_id, connection_id, id);

-- name and search are folded, since SQLite knows the case of ASCII letters only.
create table participants (
    customer_id text not null,
    id text not null,
    revision integer not null,
    connection_id text not null,
    known integer not null,
    name text not null,
    search text not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create index participants_by_name on participants (customer_id, connection_id, name, id) where known = 1;

-- The ledger.
create table names (
    customer_id text not null,
    connection_id text not null,
    kind text not null,
    external_id text not null,
    thing text not null,
    primary key (customer_id, connection_id, kind, external_id)
) strict, without rowid;
create index names_of_thing on names (customer_id, thing);

-- Chats and messages.
create table chats (
    customer_id text not null,
    id text not null,
    revision integer not null,
    connection_id text not null,
    state text not null,
    generation integer not null,
    active_at integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create index chats_by_activity on chats (customer_id, state, active_at, id);
create index chats_of_connection on chats (customer_id, connection_id, state, active_at, id);

-- visibility: 0 not shown, 1 deleted, 2 can be read.
create table messages (
    customer_id text not null,
    id text not null,
    revision integer not null,
    connection_id text not null,
    external_id text not null,
    chat_id text not null,
    position text not null,
    visibility integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create unique index message_of_external_id on messages (customer_id, connection_id, external_id)
    where external_id <> '';
create index messages_of_chat on messages (customer_id, chat_id, position, id, visibility);

create table asides (
    customer_id text not null,
    chat_id text not null,
    external_id text not null,
    until integer not null,
    document text not null,
    primary key (customer_id, chat_id, external_id)
) strict, without rowid;
create index asides_until on asides (until, customer_id, chat_id);

-- The outbox.
create table commands (
    customer_id text not null,
    id text not null,
    revision integer not null,
    chat_id text not null,
    message_id text not null,
    number integer not null,
    open integer not null,
    due_at integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create unique index command_of_number on commands (customer_id, number);
create index commands_of_message on commands (customer_id, message_id, number);
create index commands_of_chat on commands (customer_id, chat_id);
create index commands_open on commands (customer_id, chat_id, number) where open = 1;
create index commands_due on commands (due_at, customer_id, chat_id, number) where open = 1;

create table remembered (
    customer_id text not null,
    key text not null,
    until integer not null,
    document text not null,
    primary key (customer_id, key)
) strict;
create index remembered_until on remembered (until, customer_id, key);

create table sync_statuses (
    customer_id text not null,
    id text not null,
    revision integer not null,
    connection_id text not null,
    open integer not null,
    due_at integer not null,
    created_at integer not null,
    document text not null,
    primary key (customer_id, id)
) strict;
create index sync_statuses_in_order on sync_statuses (customer_id, created_at, id);
create index sync_statuses_of_connection on sync_statuses (customer_id, connection_id, created_at, id);
create index sync_statuses_due on sync_statuses (due_at, customer_id, id) where open = 1;

-- The server's own.
create table api_keys (
    id text not null primary key,
    name text not null,
    hash text not null,
    created_at integer not null
) strict;

create table tickets (
    kind text not null,
    hash text not null,
    document text not null,
    expires_at integer not null,
    primary key (kind, hash)
) strict;
create index tickets_end on tickets (expires_at, kind, hash);
