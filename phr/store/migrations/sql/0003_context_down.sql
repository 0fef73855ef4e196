-- The service's own work without sync.
DO $do$
BEGIN
    EXECUTE replace(pg_get_functiondef('phr.sealed_context()'::regprocedure), $$'session', 'erase', 'sync')$$,
                    $$'session', 'erase')$$);
END $do$;
