-- Which connections know a chat, whoever they are of: accounts may share it.
create index names_of_chats on names (external_id, customer_id, connection_id) where kind = 'chat';
