-- Two models side by side: why one answered in the other's place, and what one would have answered.
-- depends: 0003.documents

alter table predictions add column fallback text;

create table shadows (
  id text not null primary key,
  at bigint not null,
  tag text not null,
  answers json not null
);

create index shadows_at on shadows (at);
