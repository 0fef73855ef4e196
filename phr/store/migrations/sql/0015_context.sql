-- Two more pieces of the service's own work: rights (requests and copies) and forget (erasing one person). The function
-- is changed where it lists them; a list that is not found stops the migration.
DO $do$
DECLARE
    body text := pg_get_functiondef('phr.sealed_context()'::regprocedure);
BEGIN
    IF strpos(body, $$'erase', 'sync'$$) = 0 THEN
        RAISE EXCEPTION 'the list of internal purposes is not where it was';
    END IF;
    EXECUTE replace(body, $$'erase', 'sync'$$, $$'erase', 'sync', 'rights', 'forget'$$);
END $do$;
