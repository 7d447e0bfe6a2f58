-- The thread that a message stands in; empty for the main line of its chat.
alter table messages add column thread text not null default '';
update messages set thread = coalesce(json_extract(document, '$.facets.content.value.thread_root'), '');
create index messages_of_thread on messages (customer_id, chat_id, thread, position, id, visibility)
    where thread <> '';
