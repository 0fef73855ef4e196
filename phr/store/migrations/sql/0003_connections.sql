-- Connections to a person's data cloud: state, sealed tokens, how far was read, and what the cloud says has changed.
-- Four tables and not one, because each opens to somebody else: the page reads the state, storing moves the marks,
-- and only the work that talks to the cloud reaches tokens, one person at a time.

CREATE TABLE phr.cloud_connection (
    person_id uuid NOT NULL,
    provider text NOT NULL,
    state text NOT NULL CHECK (state IN ('connected', 'needs-reconnect', 'paused', 'disconnected')),
    generation uuid NOT NULL,           -- which authorisation the tokens are of
    user_hash text NOT NULL,            -- keyed hash of the cloud's own id of the person, to find whose a notice is
    scopes_asked text[] NOT NULL DEFAULT '{}',
    scopes_granted text[] NOT NULL DEFAULT '{}',
    connected_at timestamptz NOT NULL,
    last_success_at timestamptz,
    last_error text NOT NULL DEFAULT '',  -- a word, never a text of the other side
    failures integer NOT NULL DEFAULT 0,
    received bigint NOT NULL DEFAULT 0,   -- new samples since it was connected
    refused bigint NOT NULL DEFAULT 0,    -- not consented, not kept
    rejected bigint NOT NULL DEFAULT 0,   -- unreadable, or of no known kind
    quarantined bigint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    lease uuid,                           -- the one worker that reads it now
    lease_until timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, provider)
);
CREATE INDEX cloud_connection_user ON phr.cloud_connection (provider, user_hash);
CREATE INDEX cloud_connection_due ON phr.cloud_connection (next_at) WHERE state = 'connected';

CREATE TABLE phr.cloud_secret (
    person_id uuid NOT NULL,
    provider text NOT NULL,
    generation uuid NOT NULL,
    sealed bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, provider, generation)
);

CREATE TABLE phr.cloud_bookmark (
    person_id uuid NOT NULL,
    provider text NOT NULL,
    data_type text NOT NULL,
    mark jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, provider, data_type)
);

-- An authorisation under way: one use, one session, a few minutes.
CREATE TABLE phr.cloud_attempt (
    person_id uuid NOT NULL,
    state_hash text NOT NULL,
    session_hash text NOT NULL,
    provider text NOT NULL,
    scopes text[] NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, state_hash)
);

-- What the cloud says has changed; the same word twice while it waits is one.
CREATE TABLE phr.cloud_notice (
    person_id uuid NOT NULL,
    provider text NOT NULL,
    notice_key text NOT NULL,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, provider, notice_key)
);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['cloud_connection', 'cloud_secret', 'cloud_bookmark', 'cloud_attempt', 'cloud_notice'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- What talks to the cloud reaches one person's rows in one context, and no other work reaches tokens at all.
    FOREACH t IN ARRAY ARRAY['cloud_secret', 'cloud_bookmark', 'cloud_attempt', 'cloud_notice'] LOOP
        EXECUTE format('CREATE POLICY syncing ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''sync'' AND person_id = (SELECT phr.ctx_person()))
            WITH CHECK ((SELECT phr.ctx_internal()) = ''sync'' AND person_id = (SELECT phr.ctx_person()))', t);
    END LOOP;
END $do$;

-- The state: the person sees it; the schedule sees everybody's, to find what is due and whose a notice is.
CREATE POLICY own ON phr.cloud_connection FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY syncing ON phr.cloud_connection FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'sync');
CREATE POLICY beginning ON phr.cloud_connection FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'sync' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY working ON phr.cloud_connection FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'sync' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'sync' AND person_id = (SELECT phr.ctx_person()));
-- A decision about consent pauses in its own transaction, or says that the person may connect again; it never connects.
CREATE POLICY withdrawing ON phr.cloud_connection FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY pausing ON phr.cloud_connection FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person())
                AND state IN ('paused', 'needs-reconnect'));
CREATE POLICY withdrawing ON phr.cloud_notice FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY forgetting ON phr.cloud_notice FOR DELETE TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
-- Storing asks whether the connection still lives, and moves the mark in the same transaction.
CREATE POLICY collecting ON phr.cloud_connection FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY own ON phr.cloud_bookmark FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY collecting ON phr.cloud_bookmark FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));

-- A letter that asks to revoke is posted by what ends a connection, and by nothing else.
DROP POLICY posting ON phr.outbox;
CREATE POLICY posting ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    person_id = (SELECT phr.ctx_person())
    AND ((SELECT phr.ctx_purpose()) IN ('points', 'guidance', 'collect', 'self')
         OR (SELECT phr.ctx_internal()) IN ('consent', 'sync'))
    AND (kind <> 'ledger' OR (SELECT phr.ctx_purpose()) = 'points')
    AND (kind <> 'revoke' OR (SELECT phr.ctx_internal()) IN ('consent', 'sync')));

GRANT SELECT, INSERT, UPDATE ON phr.cloud_connection, phr.cloud_bookmark TO phr_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON phr.cloud_secret, phr.cloud_notice TO phr_app;
GRANT SELECT, INSERT, DELETE ON phr.cloud_attempt TO phr_app;
GRANT DELETE ON phr.cloud_bookmark TO phr_app;
