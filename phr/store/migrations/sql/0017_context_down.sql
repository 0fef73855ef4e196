-- The service's own work without break-glass and emergency.
DO $do$
BEGIN
    EXECUTE replace(pg_get_functiondef('phr.sealed_context()'::regprocedure), $$, 'break-glass', 'emergency'$$, '');
END $do$;
