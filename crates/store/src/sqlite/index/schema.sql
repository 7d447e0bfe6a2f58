-- The search index: may be dropped at any time, and is made anew out of what is stored.
create table progress (
    one integer not null primary key check (one = 1),
    document text not null
) strict;

-- A customer's number is the beginning of each of their tokens.
create table customers (
    number integer not null primary key,
    customer_id text not null unique
) strict;

-- The tokens are kept, since only who knows them can take them out of the index again.
create table entries (
    place integer not null primary key,
    customer integer not null,
    id text not null,
    chat_id text not null,
    bears text not null,
    words text not null,
    marks text not null
) strict;
create unique index entry_of_id on entries (customer, id);
create index entries_of_chat on entries (customer, chat_id, id) where chat_id <> '';

-- Beginnings of one, two and three letters have lists of their own, behind the five of the customer.
create virtual table texts using fts5 (
    words, marks, content = '', columnsize = 0, tokenize = 'ascii', prefix = '6 7 8'
);
-- What is taken out is gone at once, and not only when the file is next tidied up.
insert into texts (texts, rank) values ('secure-delete', 1);
