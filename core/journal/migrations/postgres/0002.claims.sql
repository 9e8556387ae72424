-- Requests that are to be answered once.
-- depends: 0001.journal

create table claims (
  key text not null primary key,
  fingerprint text not null,
  at bigint not null,
  record text not null,
  answer bytea
);

create index claims_at on claims (at);
