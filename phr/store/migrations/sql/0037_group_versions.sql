-- Earlier versions of cohorts. A member stands from the version in which it came until the one in which it went, so that
-- a version costs what changed in it, and an erased person leaves every version.
ALTER TABLE phr.bulk_member ADD COLUMN since integer NOT NULL DEFAULT 1;

CREATE TABLE phr.bulk_group_was (
    group_id text NOT NULL,
    version integer NOT NULL,
    recipient text NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    body text NOT NULL,
    PRIMARY KEY (group_id, version)
);
CREATE TABLE phr.bulk_member_was (
    person_id uuid NOT NULL,
    group_id text NOT NULL,
    since integer NOT NULL,
    until integer NOT NULL,                   -- the first version without it
    recipient text NOT NULL,
    place integer NOT NULL,
    patient text NOT NULL,
    inactive boolean NOT NULL DEFAULT false,
    PRIMARY KEY (person_id, group_id, since)
);
CREATE INDEX bulk_member_was_group ON phr.bulk_member_was (group_id, since);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['bulk_group_was', 'bulk_member_was'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT ON phr.%I TO phr_app', t);
        EXECUTE format('CREATE POLICY of_recipient ON phr.%I FOR ALL TO phr_app'
            ' USING ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()))'
            ' WITH CHECK ((SELECT phr.ctx_purpose()) IS NOT NULL AND recipient = (SELECT phr.ctx_recipient()))', t);
    END LOOP;
END $do$;
CREATE POLICY own ON phr.bulk_member_was FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));

-- Erasing a person empties these tables too.
SELECT phr.let_forget();
