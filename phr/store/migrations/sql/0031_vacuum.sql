-- A watch is read many times a day, and each time the day of that person is stored anew. With the server's own share (a
-- fifth of all rows) a table of ten years would hold two years of dead rows before it is cleaned; a fiftieth keeps it to
-- some weeks. New rows are visited as early, so that reads of indexes alone stay possible and freezing comes in small steps.
ALTER TABLE phr.vital_chunk SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02,
    toast.autovacuum_vacuum_insert_scale_factor = 0.02);
ALTER TABLE phr.vital_day SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE phr.outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE phr.audit_event SET (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
