-- Customers who are being erased.
create table erasures (
    customer_id text not null primary key,
    begun_at integer not null,
    document text not null
) strict;
create index erasures_in_order on erasures (begun_at, customer_id);
create index tickets_of_customer on tickets (json_extract(document, '$.customer'));
