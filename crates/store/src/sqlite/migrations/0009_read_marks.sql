-- How far each chat is read; empty while nobody said. And when its platform is to be told; 0 for never.
alter table chats add column read_position text not null default '';
alter table chats add column mark_due_at integer not null default 0;
create index chats_mark_due on chats (mark_due_at, customer_id, id) where mark_due_at > 0;

-- What can be unread: messages of others that can be read.
create index messages_incoming on messages (customer_id, chat_id, position)
    where visibility = 2 and json_extract(document, '$.direction') = 'incoming';
