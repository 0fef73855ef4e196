-- Takes rights, incidents and the log of provisions away, and the doors through which people are forgotten.
DROP FUNCTION phr.forget();
DO $do$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE p.polname = 'forgotten' LOOP
        EXECUTE format('DROP POLICY forgotten ON phr.%I', t.relname);
        EXECUTE format('REVOKE DELETE ON phr.%I FROM phr_audit', t.relname);
    END LOOP;
    REVOKE SELECT (account_id, person_id) ON phr.account FROM phr_audit;
    REVOKE SELECT (account_id) ON phr.session, phr.account_identity, phr.account_factor FROM phr_audit;
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
