-- When upkeep has to look at a login: the greatest of all numbers where there is nothing to do.
alter table logins add column due_at integer not null default 9223372036854775807;
create index logins_due on logins (due_at, id) where due_at < 9223372036854775807;
