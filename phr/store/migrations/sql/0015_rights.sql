-- What a person may demand of the record: requests with their clock, copies of everything, keys that can be destroyed,
-- tombstones; and what the city owes when something goes wrong or ends: incidents, the log of provisions, the end.

CREATE TABLE phr.rights_request (
    person_id uuid NOT NULL,
    request_id uuid NOT NULL,
    kind text NOT NULL,                   -- disclose, correct, stop, erase, inactive
    state text NOT NULL,                  -- open, extended, waiting, done, refused, cancelled
    asked_at timestamptz NOT NULL,
    asked_by text NOT NULL,
    as_whom text NOT NULL,                -- self, guardian, ward, proxy
    proof text NOT NULL DEFAULT '',
    proof_day date,
    due_on date NOT NULL,
    extended_to date,
    extension_reason text NOT NULL DEFAULT '',
    handler text NOT NULL DEFAULT '',
    detail jsonb NOT NULL DEFAULT '{}',
    decided_at timestamptz,
    decision text NOT NULL DEFAULT '',
    warned_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, request_id)
);
CREATE INDEX rights_request_due ON phr.rights_request (due_on) WHERE decided_at IS NULL;

CREATE TABLE phr.take_out (
    person_id uuid NOT NULL,
    job_id uuid NOT NULL,
    state text NOT NULL,                  -- waiting, making, ready, failed, removed
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    size bigint NOT NULL DEFAULT 0,
    sha256 text NOT NULL DEFAULT '',
    problem text NOT NULL DEFAULT '',
    attempts integer NOT NULL DEFAULT 0,
    asked_at timestamptz NOT NULL,
    ready_at timestamptz,
    expires_at timestamptz NOT NULL,
    lease_until timestamptz,
    PRIMARY KEY (person_id, job_id)
);
CREATE UNIQUE INDEX take_out_one ON phr.take_out (person_id) WHERE state IN ('waiting', 'making');

-- The key of one person's sealed files, itself sealed with the service's secret. Backups leave this table's rows out;
-- without a row the files are noise, wherever a copy of them lies.
CREATE TABLE phr.person_key (
    person_id uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    made_at timestamptz NOT NULL
);

-- That somebody was erased: a keyed hash, never an id. What a restored backup is compared with.
CREATE TABLE phr.tombstone (
    mark text PRIMARY KEY,
    erased_at timestamptz NOT NULL,
    ground text NOT NULL,
    counts jsonb NOT NULL,
    kept jsonb NOT NULL
);

-- What the law makes the city keep, apart from the record and under the mark of the tombstone.
CREATE TABLE phr.retained (
    mark text NOT NULL,
    item integer NOT NULL,
    kind text NOT NULL,
    body text NOT NULL,
    keep_until date NOT NULL,
    PRIMARY KEY (mark, item)
);

CREATE TABLE phr.incident (
    incident_id uuid PRIMARY KEY,
    title text NOT NULL,
    kind text NOT NULL,
    drill boolean NOT NULL,
    known_at timestamptz NOT NULL,
    persons integer NOT NULL,
    categories text[] NOT NULL,
    encrypted boolean NOT NULL,
    malicious boolean NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    preliminary_at timestamptz,
    told_at timestamptz,
    final_at timestamptz,
    closed_at timestamptz,
    recorded_by text NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE phr.incident_person (
    person_id uuid NOT NULL,
    incident_id uuid NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (person_id, incident_id)
);

-- 第三者提供記録: date, recipient, items, number of people, legal basis; kept three years.
CREATE TABLE phr.provision (
    provision_key text PRIMARY KEY,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    items text[] NOT NULL,
    persons integer NOT NULL,
    basis text NOT NULL
);

-- When the service ends: from then on it is read and taken out, and nothing new comes in.
CREATE TABLE phr.service_end (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    ends_at timestamptz NOT NULL,
    export_until date NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['rights_request', 'take_out', 'person_key', 'tombstone', 'retained', 'incident',
                             'incident_person', 'provision', 'service_end'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- The person's own; those who handle requests find all and change one person's in one context.
    FOREACH t IN ARRAY ARRAY['rights_request', 'take_out'] LOOP
        EXECUTE format('CREATE POLICY own ON phr.%I FOR ALL TO phr_app
            USING (person_id = (SELECT phr.ctx_self())) WITH CHECK (person_id = (SELECT phr.ctx_self()))', t);
        EXECUTE format('CREATE POLICY finding ON phr.%I FOR SELECT TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''rights'')', t);
        EXECUTE format('CREATE POLICY handling ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''rights'' AND person_id = (SELECT phr.ctx_person()))
            WITH CHECK ((SELECT phr.ctx_internal()) = ''rights'' AND person_id = (SELECT phr.ctx_person()))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['incident', 'incident_person', 'provision', 'service_end'] LOOP
        EXECUTE format('CREATE POLICY operating ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''operate'') WITH CHECK ((SELECT phr.ctx_internal()) = ''operate'')', t);
    END LOOP;
END $do$;
CREATE POLICY own ON phr.person_key FOR ALL TO phr_app
    USING (person_id = (SELECT phr.ctx_self())) WITH CHECK (person_id = (SELECT phr.ctx_self()));
CREATE POLICY burying ON phr.tombstone FOR INSERT TO phr_app WITH CHECK ((SELECT phr.ctx_internal()) = 'forget');
CREATE POLICY buried ON phr.tombstone FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) IN ('rights', 'operate', 'audit'));
CREATE POLICY keeping ON phr.retained FOR INSERT TO phr_app WITH CHECK ((SELECT phr.ctx_internal()) = 'forget');
CREATE POLICY kept ON phr.retained FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'rights') WITH CHECK ((SELECT phr.ctx_internal()) = 'rights');
CREATE POLICY own ON phr.incident_person FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY known ON phr.service_end FOR SELECT TO phr_app USING (true);

-- Who handles requests finds out whose it is, and tells them; what a person asks of a letter is posted about themselves.
CREATE POLICY handling ON phr.person FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'rights' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY posting_notices ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'message' AND (SELECT phr.ctx_internal()) = 'rights' AND person_id = (SELECT phr.ctx_person()));
-- What has been provided: who is in a release, to be counted.
CREATE POLICY counting ON phr.release_member FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');

-- After the end nothing new is taken in and nothing new is agreed to; taking back still works.
CREATE FUNCTION phr.taking() RETURNS boolean LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN NOT EXISTS (SELECT 1 FROM phr.service_end e WHERE e.ends_at <= statement_timestamp());
DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['vital_chunk', 'vital_conflict', 'quarantine', 'upload', 'cloud_connection'] LOOP
        EXECUTE format('CREATE POLICY while_it_lasts ON phr.%I AS RESTRICTIVE FOR INSERT TO phr_app
            WITH CHECK ((SELECT phr.taking()))', t);
    END LOOP;
END $do$;
CREATE POLICY while_it_lasts ON phr.consent_grant AS RESTRICTIVE FOR INSERT TO phr_app
    WITH CHECK (effect = 'deny' OR (SELECT phr.taking()));

-- Forgetting: in its own context, about one person, rows can be deleted and not read, and only by one function: the
-- service's role has no right to delete them. Every table that has a person in it gets the door, also those of later
-- migrations: let_forget adds what is missing. The trail is append-only and keeps the id alone; who is in a release
-- stays as the record of a provision.
CREATE FUNCTION phr.let_forget() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT c.relname, string_agg(format('%I = (SELECT phr.ctx_person())', a.attname), ' OR ' ORDER BY a.attnum) AS whose
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped AND a.attnum > 0
                 AND a.attname IN ('person_id', 'guardian_id', 'child_id')
             WHERE c.relnamespace = 'phr'::regnamespace AND c.relkind IN ('r', 'p')
                 AND c.relname NOT IN ('audit_event', 'release_member')
                 AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'forgotten')
             GROUP BY c.relname ORDER BY c.relname LOOP
        EXECUTE format('CREATE POLICY forgotten ON phr.%I FOR DELETE TO phr_audit USING ('
            '(SELECT phr.ctx_internal()) = ''forget'' AND (%s))', t.relname, t.whose);
        EXECUTE format('GRANT DELETE ON phr.%I TO phr_audit', t.relname);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION phr.let_forget() FROM PUBLIC;
SELECT phr.let_forget();
CREATE POLICY forgetting_finds ON phr.account FOR SELECT TO phr_audit USING (
    (SELECT phr.ctx_internal()) = 'forget' AND person_id = (SELECT phr.ctx_person()));
DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['session', 'account_identity', 'account_factor'] LOOP
        EXECUTE format('CREATE POLICY forgotten ON phr.%I FOR DELETE TO phr_audit USING ('
            '(SELECT phr.ctx_internal()) = ''forget'' AND EXISTS (SELECT 1 FROM phr.account a'
            ' WHERE a.account_id = %I.account_id AND a.person_id = (SELECT phr.ctx_person())))', t, t);
    END LOOP;
END $do$;
GRANT SELECT (account_id, person_id) ON phr.account TO phr_audit;
GRANT SELECT (account_id) ON phr.session, phr.account_identity, phr.account_factor TO phr_audit;
GRANT DELETE ON phr.session, phr.account_identity, phr.account_factor TO phr_audit;

-- Deletes every row of the person whom the sealed context is about; gives how many went in each table. No condition
-- stands in it: the policy of each table is the condition, for a role that cannot log in and cannot read.
CREATE FUNCTION phr.forget() RETURNS jsonb
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c text[] := phr.sealed_context();
    place text;
    gone bigint;
    counts jsonb := '{}';
BEGIN
    IF c IS NULL OR c[13] IS DISTINCT FROM 'forget' OR nullif(c[8], '') IS NULL THEN
        RAISE EXCEPTION 'no sealed context of forgetting' USING ERRCODE = '42501';
    END IF;
    -- What hangs on an account goes before it.
    FOR place IN SELECT r.relname FROM pg_policy p JOIN pg_class r ON r.oid = p.polrelid
                 WHERE p.polname = 'forgotten' AND r.relnamespace = 'phr'::regnamespace
                 ORDER BY r.relname NOT IN ('session', 'account_identity', 'account_factor'), r.relname = 'account', 1 LOOP
        EXECUTE format('DELETE FROM phr.%I', place);
        GET DIAGNOSTICS gone = ROW_COUNT;
        IF gone > 0 THEN
            counts := counts || jsonb_build_object(place, gone);
        END IF;
    END LOOP;
    RETURN counts;
END $$;
GRANT CREATE ON SCHEMA phr TO phr_audit;
RESET ROLE;
ALTER FUNCTION phr.forget() OWNER TO phr_audit;
SET ROLE phr_owner;
REVOKE CREATE ON SCHEMA phr FROM phr_audit;
REVOKE ALL ON FUNCTION phr.forget() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phr.forget() TO phr_app;

GRANT SELECT, INSERT, UPDATE ON phr.rights_request, phr.take_out, phr.person_key, phr.incident_person TO phr_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON phr.service_end, phr.retained TO phr_app;
GRANT SELECT, INSERT, UPDATE ON phr.incident TO phr_app;
GRANT SELECT, INSERT, DELETE ON phr.provision TO phr_app;
GRANT SELECT, INSERT ON phr.tombstone TO phr_app;
