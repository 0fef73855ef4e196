-- Takes back 0023_fhir.
DROP INDEX phr.resource_history_person_at;
DROP POLICY directory_update ON phr.resource;
DROP POLICY unclassified_update ON phr.resource;
DROP POLICY own_deleted_update ON phr.resource;
DROP POLICY own_deleted_insert ON phr.resource_history;
DO $do$
DECLARE
    t text;
    p text;
BEGIN
    FOREACH t IN ARRAY ARRAY['resource', 'resource_history'] LOOP
        FOREACH p IN ARRAY ARRAY['unclassified_insert', 'unclassified_own', 'directory_read', 'directory_insert'] LOOP
            EXECUTE format('DROP POLICY %I ON phr.%I', p, t);
        END LOOP;
    END LOOP;
END $do$;
