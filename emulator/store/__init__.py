"""Everything remembered, and the only SQL: one module for the database, one for each thing kept in it."""
