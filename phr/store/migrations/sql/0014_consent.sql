-- What a change of consent stopped, counted by kind; releases that were called back, and whom that was told; the texts
-- of consent that were brought to the grants. Nothing here is a reading.
CREATE TABLE phr.consent_effect (
    person_id uuid NOT NULL,
    consent_id text NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    count integer NOT NULL CHECK (count >= 0),
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, consent_id, version, kind)
);
CREATE TABLE phr.release_tombstone (
    person_id uuid NOT NULL,
    release_id text NOT NULL,
    recipient text NOT NULL,
    at timestamptz NOT NULL,
    told_at timestamptz,
    PRIMARY KEY (person_id, release_id)
);
CREATE INDEX release_tombstone_release ON phr.release_tombstone (release_id);
CREATE TABLE phr.consent_text (
    version text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL
);

DO $do$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['consent_effect', 'release_tombstone', 'consent_text'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['consent_effect', 'release_tombstone'] LOOP
        EXECUTE format('CREATE POLICY own ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self())
            OR ((SELECT phr.ctx_internal()) = ''consent'' AND person_id = (SELECT phr.ctx_person())))', t);
        EXECUTE format('CREATE POLICY recording ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            (SELECT phr.ctx_internal()) = ''consent'' AND person_id = (SELECT phr.ctx_person()))', t);
    END LOOP;
END $do$;
-- The deliverer notes that the recipient was told, about one person in one context.
CREATE POLICY telling ON phr.release_tombstone FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'deliver' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY told ON phr.release_tombstone FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'deliver' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'deliver' AND person_id = (SELECT phr.ctx_person()));
-- Texts are no secret; only the work on consents notes that one was brought to the grants.
CREATE POLICY published ON phr.consent_text FOR SELECT TO phr_app USING (true);
CREATE POLICY applying ON phr.consent_text FOR INSERT TO phr_app WITH CHECK ((SELECT phr.ctx_internal()) = 'consent');

-- In the transaction of a withdrawal: releases that the person is in become withdrawn, and nothing else of them changes
-- hands; messages that rest on what is no longer shared are stopped before they are sent.
CREATE POLICY recalling ON phr.release FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND EXISTS (
        SELECT 1 FROM phr.release_member m WHERE m.release_id = release.release_id
        AND m.person_id = (SELECT phr.ctx_person())));
CREATE POLICY recalled ON phr.release FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND EXISTS (
        SELECT 1 FROM phr.release_member m WHERE m.release_id = release.release_id
        AND m.person_id = (SELECT phr.ctx_person())))
    WITH CHECK (state = 'withdrawn' AND (SELECT phr.ctx_internal()) = 'consent');
ALTER TABLE phr.outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE phr.outbox ADD CONSTRAINT outbox_state_check CHECK (state IN ('waiting', 'delivered', 'dead', 'stopped'));
CREATE POLICY stopping ON phr.outbox FOR SELECT TO phr_app USING (
    kind = 'message' AND (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY stopped ON phr.outbox FOR UPDATE TO phr_app
    USING (kind = 'message' AND state = 'waiting' AND (SELECT phr.ctx_internal()) = 'consent'
           AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK (kind = 'message' AND state = 'stopped' AND (SELECT phr.ctx_internal()) = 'consent'
                AND person_id = (SELECT phr.ctx_person()));
-- Letters that were made and not posted are counted; their text stays sealed, and the gate keeps them out of the print.
CREATE POLICY stopping ON phr.letter FOR SELECT TO phr_app USING (
    state = 'made' AND (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));

GRANT SELECT, INSERT ON phr.consent_effect, phr.consent_text TO phr_app;
GRANT SELECT, INSERT, UPDATE ON phr.release_tombstone TO phr_app;
