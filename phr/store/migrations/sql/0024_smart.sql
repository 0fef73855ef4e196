-- SMART on FHIR: apps, what people let them do, and what was issued. No secret stands here that works by itself: codes,
-- tokens and secrets of apps are hashes, private keys are sealed.

-- An app, or a program of an organisation, that the city has registered.
CREATE TABLE phr.smart_client (
    client_id text PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('public', 'symmetric', 'asymmetric')),
    backend boolean NOT NULL DEFAULT false,       -- acts for an organisation, with nobody in front of it
    redirect_uris jsonb NOT NULL DEFAULT '[]',
    scope text NOT NULL,                          -- the most that it may ever be given
    secret_hash text NOT NULL DEFAULT '',
    jwks jsonb,
    jwks_url text NOT NULL DEFAULT '',
    recipient text NOT NULL DEFAULT '',           -- of a backend service: the organisation, as consents name it
    purpose text NOT NULL DEFAULT '',             -- of a backend service: why it reads
    launch_url text NOT NULL DEFAULT '',
    responsible text NOT NULL,                    -- who answers for it, as residents read it
    disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL
);

-- What a person let an app do. guardian_id: who decided it, where that is somebody else who may act for the person.
CREATE TABLE phr.smart_grant (
    person_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    guardian_id uuid,
    account_id uuid NOT NULL,
    client_id text NOT NULL,
    scope text NOT NULL,
    granted_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    reason text NOT NULL DEFAULT '',              -- why it ended: a word that the pages translate
    PRIMARY KEY (person_id, grant_id)
);
CREATE INDEX smart_grant_guardian ON phr.smart_grant (guardian_id) WHERE guardian_id IS NOT NULL;

-- What was issued: it is found by its hash, because it comes before knowing whose it is. A backend's is nobody's.
CREATE TABLE phr.smart_token (
    token_hash text PRIMARY KEY,
    kind text NOT NULL DEFAULT 'access' CHECK (kind IN ('code', 'access', 'refresh')),
    client_id text NOT NULL,
    person_id uuid,
    grant_id uuid,
    guardian_id uuid,
    scope text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,                          -- a code or a refresh token works once
    revoked_at timestamptz,
    redirect_uri text NOT NULL DEFAULT '',
    challenge text NOT NULL DEFAULT '',
    nonce text NOT NULL DEFAULT ''
);
CREATE INDEX smart_token_grant ON phr.smart_token (grant_id) WHERE revoked_at IS NULL;
CREATE INDEX smart_token_expires ON phr.smart_token (expires_at);

-- Assertions that were used, until they end: the same one counts once, on whichever server it arrives.
CREATE TABLE phr.smart_assertion (
    client_id text NOT NULL REFERENCES phr.smart_client,
    jti_hash text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, jti_hash)
);

-- What an app asked for, sealed, while the person decides.
CREATE TABLE phr.smart_asked (
    asked_hash text PRIMARY KEY,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Keys that sign ID tokens; private parts sealed.
CREATE TABLE phr.smart_key (
    kid text PRIMARY KEY,
    sealed bytea NOT NULL,
    public_jwk jsonb NOT NULL,
    created_at timestamptz NOT NULL
);

DO $do$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['smart_client', 'smart_grant', 'smart_token', 'smart_assertion', 'smart_asked', 'smart_key'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY session ON phr.%I FOR ALL TO phr_app USING ((SELECT phr.ctx_internal()) = ''session'')'
                       ' WITH CHECK ((SELECT phr.ctx_internal()) = ''session'')', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON phr.%I TO phr_app', name);
    END LOOP;
END $do$;
GRANT DELETE ON phr.smart_token, phr.smart_assertion, phr.smart_asked, phr.smart_key TO phr_app;
-- The person sees what they let apps do, and by what name an app goes.
CREATE POLICY own ON phr.smart_grant FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY named ON phr.smart_client FOR SELECT TO phr_app USING (
    EXISTS (SELECT 1 FROM phr.smart_grant g WHERE g.client_id = smart_client.client_id
            AND g.person_id = (SELECT phr.ctx_self())));
-- Those who run the service see which apps there are, and how many people use them.
CREATE POLICY operating ON phr.smart_client FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');
CREATE POLICY counting ON phr.smart_grant FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');
