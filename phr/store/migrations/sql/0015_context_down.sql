-- The service's own work without rights and forget.
DO $do$
BEGIN
    EXECUTE replace(pg_get_functiondef('phr.sealed_context()'::regprocedure), $$'erase', 'sync', 'rights', 'forget'$$,
                    $$'erase', 'sync'$$);
END $do$;
