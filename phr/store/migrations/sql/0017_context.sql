-- Two more pieces of the service's own work: break-glass (opening one) and emergency (reading under one). They are
-- apart so that a statement smuggled into a read cannot open, lengthen or widen anything.
DO $do$
DECLARE
    body text := pg_get_functiondef('phr.sealed_context()'::regprocedure);
BEGIN
    IF strpos(body, $$'session', 'erase', 'sync'$$) = 0 THEN
        RAISE EXCEPTION 'the list of internal purposes is not where it was';
    END IF;
    EXECUTE replace(body, $$'session', 'erase', 'sync'$$, $$'session', 'erase', 'sync', 'break-glass', 'emergency'$$);
END $do$;
