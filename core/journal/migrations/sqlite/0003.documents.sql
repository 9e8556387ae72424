-- What was found in the journal, under names; the newest of each.
-- depends: 0002.claims

create table documents (
  name text not null primary key,
  at integer not null,
  content blob not null
);
