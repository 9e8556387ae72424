-- The journal's first shape.
-- depends:

create table predictions (
  cursor bigint generated always as identity primary key,
  id text not null unique,
  at bigint not null,
  tag text not null,
  arm text not null,
  subject text,
  request_id text not null,
  latency_us integer not null,
  rows integer not null,
  is_batch boolean not null,
  inputs json not null,
  answers json not null,
  warnings json not null
);

create index predictions_at on predictions (at);

create table outcomes (
  cursor bigint generated always as identity primary key,
  id text not null unique,
  at bigint not null,
  prediction text not null,
  value json not null
);

create index outcomes_prediction on outcomes (prediction);

create index outcomes_at on outcomes (at);
