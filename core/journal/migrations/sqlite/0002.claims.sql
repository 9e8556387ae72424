-- Requests that are to be answered once.
-- depends: 0001.journal

create table claims (
  key text not null primary key,
  fingerprint text not null,
  at integer not null,
  record text not null,
  answer blob
);

create index claims_at on claims (at);
