-- Takes rights, incidents and the log of provisions away, and the doors through which people are forgotten.
DO $do$
DECLARE
    t record;
    before text[] := ARRAY['account_factor', 'account_identity', 'cloud_attempt', 'cloud_bookmark', 'cloud_notice',
        'cloud_secret', 'consent_grant', 'screening_done', 'vital_day'];
BEGIN
    FOR t IN SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = 'forgotten' LOOP
        EXECUTE format('DROP POLICY forgotten ON phr.%I', t.relname);
        IF t.relname <> ALL (before) THEN
            EXECUTE format('REVOKE DELETE ON phr.%I FROM phr_app', t.relname);
        END IF;
    END LOOP;
    FOR t IN SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
             WHERE p.polname = 'while_it_lasts' LOOP
        EXECUTE format('DROP POLICY while_it_lasts ON phr.%I', t.relname);
    END LOOP;
END $do$;
DROP POLICY forgetting_finds ON phr.account;
DROP POLICY counting ON phr.release_member;
DROP POLICY posting_notices ON phr.outbox;
DROP POLICY handling ON phr.person;
DROP FUNCTION phr.let_forget();
DROP FUNCTION phr.taking();
DROP TABLE phr.service_end, phr.provision, phr.incident_person, phr.incident, phr.retained, phr.tombstone, phr.person_key,
    phr.take_out, phr.rights_request;
