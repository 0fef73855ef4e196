-- One more piece of the service's own work: sync, talking to a person's data cloud. The function is changed where it
-- lists them and stays the rest of itself; a list that is not found stops the migration.
DO $do$
DECLARE
    body text := pg_get_functiondef('phr.sealed_context()'::regprocedure);
BEGIN
    IF strpos(body, $$'session', 'erase')$$) = 0 THEN
        RAISE EXCEPTION 'the list of internal purposes is not where it was';
    END IF;
    EXECUTE replace(body, $$'session', 'erase')$$, $$'session', 'erase', 'sync')$$);
END $do$;
