-- Sign-in: who an account is at an identity provider, its factors, attempts under way, and lock-outs.
-- None of it is a secret that works by itself: passphrases are argon2id, codes and tokens are hashes, TOTP keys are sealed.
ALTER TABLE phr.session
    ADD COLUMN session_id uuid NOT NULL DEFAULT gen_random_uuid(), -- by which its owner names it in the list
    ADD COLUMN started_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN device text NOT NULL DEFAULT '',                    -- browser and system in words, never an address
    ADD COLUMN way text NOT NULL DEFAULT '',
    ADD COLUMN shared boolean NOT NULL DEFAULT false;              -- a tablet that several people use
CREATE INDEX session_account ON phr.session (account_id) WHERE revoked_at IS NULL;

CREATE TABLE phr.account_identity (
    issuer text NOT NULL,
    sub text NOT NULL,
    account_id uuid NOT NULL REFERENCES phr.account,
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (issuer, sub)
);
CREATE UNIQUE INDEX account_identity_one ON phr.account_identity (account_id, issuer);

CREATE TABLE phr.account_factor (
    factor_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES phr.account,
    kind text NOT NULL CHECK (kind IN ('passphrase', 'totp', 'passkey', 'recovery')),
    label text NOT NULL DEFAULT '',
    handle bytea NOT NULL DEFAULT '',     -- passkey: credential id; recovery: hash of the code
    material bytea NOT NULL DEFAULT '',   -- passphrase: argon2id; totp: sealed key; passkey: public key
    counter bigint NOT NULL DEFAULT 0,    -- totp: last time step used; passkey: signature counter
    confirmed boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE UNIQUE INDEX account_factor_single ON phr.account_factor (account_id, kind)
    WHERE kind IN ('passphrase', 'totp');
CREATE UNIQUE INDEX account_factor_handle ON phr.account_factor (kind, handle) WHERE kind IN ('passkey', 'recovery');

CREATE TABLE phr.sign_in_attempt (
    attempt_hash text PRIMARY KEY,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Failures in a row for one account name, known or not: what does not exist is locked like what does.
CREATE TABLE phr.sign_in_failure (
    name_hash text PRIMARY KEY,
    failures integer NOT NULL,
    last_at timestamptz NOT NULL
);

DO $do$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['account_identity', 'account_factor', 'sign_in_attempt', 'sign_in_failure'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY session ON phr.%I FOR ALL TO phr_app USING ((SELECT phr.ctx_internal()) = ''session'')'
                       ' WITH CHECK ((SELECT phr.ctx_internal()) = ''session'')', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON phr.%I TO phr_app', name);
    END LOOP;
END $do$;
