"""
The journal: what was asked and answered, and what turned out to be true.

A process appends every record to its own spool file before it answers (`spool`), and a thread moves whole files from
there to the store (`shipper`): SQLite on one machine (`sqlite`), or Postgres (`postgres`). What is in the spool
survives the death of the process, and moving it twice changes nothing, as records are known by their ids.
"""
