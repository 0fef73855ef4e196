-- Back to nothing: drops every table of the service, with its data.
DROP SCHEMA phr_private CASCADE;
DO $$
DECLARE t record;
BEGIN
    FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'phr' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DROP TABLE phr.%I CASCADE', t.tablename);
    END LOOP;
    FOR t IN SELECT p.oid::regprocedure AS f FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
             WHERE s.nspname = 'phr' LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', t.f);
    END LOOP;
END $$;
CREATE SCHEMA IF NOT EXISTS phr_private AUTHORIZATION phr_owner;
