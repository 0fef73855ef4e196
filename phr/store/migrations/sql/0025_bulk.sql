-- Bulk data (FHIR $export and $import): jobs, their files, cohorts, and what each recipient has been given.

-- A job belongs to the client that began it: account, organisation and purpose. person_id is the resident whose own
-- export it is, and otherwise nobody (all zeros). progress: where the next file begins, so that a lost worker's job goes
-- on there. key: opens its files, sealed with the service's secret; without the row they are noise.
CREATE TABLE phr.bulk_job (
    person_id uuid NOT NULL,
    job_id uuid NOT NULL,
    kind text NOT NULL DEFAULT 'export' CHECK (kind IN ('export', 'import')),
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'working', 'done', 'failed')),
    role text NOT NULL,
    actor text NOT NULL,
    recipient text NOT NULL,
    purpose text NOT NULL,
    account_id uuid NOT NULL,
    scope text NOT NULL DEFAULT '',
    asked jsonb NOT NULL,
    progress jsonb NOT NULL DEFAULT '{}',
    lines bigint NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    key bytea NOT NULL,
    asked_at timestamptz NOT NULL,
    instant timestamptz NOT NULL,             -- the transactionTime of its manifest
    expires_at timestamptz NOT NULL,
    lease uuid,
    lease_until timestamptz,
    PRIMARY KEY (person_id, job_id)
);
CREATE INDEX bulk_job_open ON phr.bulk_job (asked_at) WHERE state IN ('waiting', 'working');

CREATE TABLE phr.bulk_file (
    person_id uuid NOT NULL,
    job_id uuid NOT NULL,
    number integer NOT NULL,
    file_id uuid NOT NULL,
    section text NOT NULL,                    -- output, deleted, error, or input of an import
    type text NOT NULL,
    lines bigint NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (person_id, job_id, number)
);

-- What a recipient holds of a person for a purpose: a kind of measurement with its days, or one document. What is here
-- and no longer visible to that recipient is told as deleted in the next export that asks with _since.
CREATE TABLE phr.bulk_given (
    person_id uuid NOT NULL,
    recipient text NOT NULL,
    purpose text NOT NULL,
    type text NOT NULL,
    item text NOT NULL,                       -- the code of samples, or the id of a document
    patient text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    at timestamptz NOT NULL,                  -- since which transactionTime they hold it without a gap
    gone_at timestamptz,
    PRIMARY KEY (person_id, recipient, purpose, type, item)
);

-- Cohorts: a FHIR Group of one recipient. Members are apart, so that an erased person leaves them.
CREATE TABLE phr.bulk_group (
    group_id text PRIMARY KEY,
    recipient text NOT NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    body text NOT NULL
);
CREATE TABLE phr.bulk_member (
    person_id uuid NOT NULL,
    group_id text NOT NULL,
    recipient text NOT NULL,
    place integer NOT NULL,
    patient text NOT NULL,
    inactive boolean NOT NULL DEFAULT false,
    PRIMARY KEY (person_id, group_id)
);
CREATE INDEX bulk_member_group ON phr.bulk_member (group_id, place);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['bulk_job', 'bulk_file', 'bulk_given', 'bulk_group', 'bulk_member'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON phr.%I TO phr_app', t);
    END LOOP;
END $do$;
-- A job is its client's: another account of the same organisation, or the same one for another purpose, sees none.
CREATE POLICY of_client ON phr.bulk_job FOR ALL TO phr_app
    USING (purpose = (SELECT phr.ctx_purpose()) AND recipient = (SELECT phr.ctx_recipient())
           AND actor = (SELECT (phr.sealed_context())[5]))
    WITH CHECK (purpose = (SELECT phr.ctx_purpose()) AND recipient = (SELECT phr.ctx_recipient())
                AND actor = (SELECT (phr.sealed_context())[5]));
-- The schedule finds whose turn it is and works on it as that client, who sees what it may see.
CREATE POLICY finding ON phr.bulk_job FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'deliver');
CREATE POLICY of_job ON phr.bulk_file FOR ALL TO phr_app
    USING (EXISTS (SELECT 1 FROM phr.bulk_job j WHERE j.person_id = bulk_file.person_id AND j.job_id = bulk_file.job_id))
    WITH CHECK ((SELECT phr.ctx_purpose()) IS NOT NULL AND EXISTS (
        SELECT 1 FROM phr.bulk_job j WHERE j.person_id = bulk_file.person_id AND j.job_id = bulk_file.job_id));
CREATE POLICY of_recipient ON phr.bulk_given FOR ALL TO phr_app
    USING (purpose = (SELECT phr.ctx_purpose()) AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK (purpose = (SELECT phr.ctx_purpose()) AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY own ON phr.bulk_given FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY of_recipient ON phr.bulk_group FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY of_recipient ON phr.bulk_member FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY own ON phr.bulk_member FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));

-- Erasing a person empties these tables too.
SELECT phr.let_forget();
