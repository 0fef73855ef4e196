-- Releases compared with earlier ones, numbers that lead back for those who withdraw, and open statistics with the
-- budget of what they tell.

-- In which class of birth, sex and place a person stood: later releases are compared with it.
ALTER TABLE phr.release_member ADD COLUMN class_no integer;

-- The vault: which number a person had in a pseudonymised release. Written while exporting and read by nobody but the
-- withdrawal of that person, so that the number can be told; no researcher and no operator opens it.
CREATE TABLE phr.release_vault (
    person_id uuid NOT NULL,
    release_id text NOT NULL,
    recipient text NOT NULL,
    number text NOT NULL,
    PRIMARY KEY (person_id, release_id)
);

-- Numbers to delete, for the recipient: without a person.
CREATE TABLE phr.release_gone (
    release_id text NOT NULL,
    number text NOT NULL,
    recipient text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (release_id, number)
);

-- The seed of a project whose releases may be joined; worthless without the secret of the service.
CREATE TABLE phr.release_project (
    recipient text NOT NULL,
    project text NOT NULL,
    seed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (recipient, project)
);

-- What open statistics have told, as differential privacy counts it: never changed, never taken back.
CREATE TABLE phr.open_spend (
    edition text PRIMARY KEY,
    year integer NOT NULL,
    epsilon double precision NOT NULL CHECK (epsilon > 0),
    at timestamptz NOT NULL
);
CREATE TABLE phr.open_file (
    edition text NOT NULL REFERENCES phr.open_spend,
    name text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (edition, name)
);

DO $do$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['release_vault', 'release_gone', 'release_project', 'open_spend', 'open_file'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
END $do$;
CREATE POLICY keeping ON phr.release_vault FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_purpose()) = 'research-deidentified' AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY withdrawing ON phr.release_vault FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY withdrawing ON phr.release_gone FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'consent');
CREATE POLICY of_recipient ON phr.release_gone FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'research-deidentified' AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY of_recipient ON phr.release_project FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'research-deidentified' AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'research-deidentified' AND recipient = (SELECT phr.ctx_recipient()));

-- Open data are for everybody; only the service itself makes them, in the context of what it may read.
CREATE POLICY published ON phr.open_spend FOR SELECT TO phr_app USING (true);
CREATE POLICY published ON phr.open_file FOR SELECT TO phr_app USING (true);
CREATE POLICY making ON phr.open_spend FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_purpose()) = 'research-deidentified' AND (SELECT (phr.sealed_context())[4]) = 'system');
CREATE POLICY making ON phr.open_file FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_purpose()) = 'research-deidentified' AND (SELECT (phr.sealed_context())[4]) = 'system');
GRANT SELECT, INSERT ON phr.release_vault, phr.release_gone, phr.release_project, phr.open_spend, phr.open_file TO phr_app;
