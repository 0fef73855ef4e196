ALTER TABLE phr.vital_chunk RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
    autovacuum_analyze_scale_factor, toast.autovacuum_vacuum_scale_factor, toast.autovacuum_vacuum_insert_scale_factor);
ALTER TABLE phr.vital_day RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
    autovacuum_analyze_scale_factor);
ALTER TABLE phr.outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor,
    autovacuum_analyze_scale_factor);
ALTER TABLE phr.audit_event RESET (autovacuum_vacuum_insert_scale_factor, autovacuum_analyze_scale_factor);
