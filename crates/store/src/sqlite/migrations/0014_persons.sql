-- Who was proven to be whom at an integration: nobody else can say that they are.
create table persons (
    integration text not null,
    external_id text not null,
    customer_id text not null,
    connection_id text not null,
    primary key (integration, external_id, customer_id, connection_id)
) strict, without rowid;
create index persons_of_connection on persons (customer_id, connection_id);
insert or ignore into persons (integration, external_id, customer_id, connection_id)
    select integration, value, customer_id, connections.id from connections, json_each(document, '$.person');
