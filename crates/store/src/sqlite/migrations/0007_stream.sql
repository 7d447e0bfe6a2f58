-- Messages over all chats of a connection, by their time.
alter table messages add column sent_at integer not null default 0;
update messages set sent_at = coalesce(
    json_extract(document, '$.facets.content.value.sent_at'), json_extract(document, '$.created_at')
);
create index messages_in_time on messages (customer_id, connection_id, sent_at, id) where visibility > 0;

-- People by their last change, so that whoever keeps their names can follow.
alter table log add column people_changes integer not null default 0;
alter table participants add column changed integer not null default 0;
update participants set changed = rowid;
update log set people_changes = (select coalesce(max(changed), 0) from participants);
create unique index participants_by_change on participants (changed);
