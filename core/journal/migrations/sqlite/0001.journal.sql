-- The journal's first shape.
-- depends:

create table predictions (
  cursor integer primary key autoincrement,
  id text not null unique,
  at integer not null,
  tag text not null,
  arm text not null,
  subject text,
  request_id text not null,
  latency_us integer not null,
  rows integer not null,
  is_batch integer not null,
  inputs text not null,
  answers text not null,
  warnings text not null
);

create index predictions_at on predictions (at);

create table outcomes (
  cursor integer primary key autoincrement,
  id text not null unique,
  at integer not null,
  prediction text not null,
  value text not null
);

create index outcomes_prediction on outcomes (prediction);

create index outcomes_at on outcomes (at);
