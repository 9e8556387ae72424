-- Two models side by side.
-- depends: 0003.documents

alter table predictions add column fallback text;
