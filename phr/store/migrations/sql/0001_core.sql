-- The tables, the sealed context and the door. Run as phr_owner; see docs/explanation/consent.md.
-- Every large table's primary key begins with the person's id, so that the schema can be distributed by it.

CREATE TABLE phr_private.seal_key (
    key_id text PRIMARY KEY,
    inner_pad bytea NOT NULL,
    outer_pad bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- 1. Context: who asks, for whom, why. Set once in a transaction and sealed with a keyed hash.

-- The fields of the context of this transaction, or NULL when there is none or its seal is wrong.
--  1 version, 2 backend pid, 3 transaction start, 4 role, 5 actor, 6 recipient, 7 purpose, 8 person, 9 request,
-- 10 expiry (epoch s); and what the policies ask, worked out here once:
-- 11 the person whose own record this is, 12 the purpose that consent decides on, 13 the internal purpose,
-- 14..17 the audiences whose grants count, 18 the person whose grants it sees whole. A field that does not apply is NULL.
CREATE FUNCTION phr.sealed_context() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL RESTRICTED
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    payload text := current_setting('phr.context', true);
    seal text := current_setting('phr.seal', true);
    c text[];
    purpose text;
    internal text;
    self text;
    identity text;
    recipient text;
BEGIN
    IF payload IS NULL OR payload = '' OR seal IS NULL OR seal = '' THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM phr_private.seal_key k
        WHERE encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(payload, 'UTF8'))), 'hex') = seal;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    c := string_to_array(payload, chr(31));
    IF array_length(c, 1) <> 10 OR c[1] <> '1'
       OR c[2] <> pg_backend_pid()::text
       OR c[3] <> (extract(epoch FROM now()) * 1000000)::bigint::text
       OR c[10]::bigint <= extract(epoch FROM clock_timestamp()) THEN
        RETURN NULL;
    END IF;
    purpose := CASE WHEN c[7] IN ('self', 'guidance', 'risk', 'points', 'insurer', 'family', 'research-deidentified',
                                  'research-identifiable', 'collect') THEN c[7] END;
    -- The service's own work, no use of health data: register (identity), consent (recording one), deliver (outbox),
    -- audit (review), operate (counts), session (signing in).
    internal := CASE WHEN c[7] IN ('register', 'consent', 'deliver', 'audit', 'operate', 'session', 'erase')
                     THEN c[7] END;
    self := CASE WHEN purpose = 'self' AND c[4] = 'resident' THEN c[8] END;
    -- Who can receive data at all, as consent.purposes has it; a regular expression here costs more than all the rest.
    identity := substr(c[6], strpos(c[6], '/') + 1);
    recipient := CASE WHEN purpose IS NOT NULL AND length(identity) BETWEEN 1 AND 64
        AND split_part(c[6], '/', 1) = ANY ('{Organization,Practitioner,PractitionerRole,Group,CareTeam,Patient,RelatedPerson,Device}')
        AND translate(identity, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-', '') = ''
        THEN c[6] END;
    RETURN c || ARRAY[self, purpose, internal, purpose || '|' || recipient,
        CASE WHEN recipient IS NOT NULL THEN purpose || '|*' END, '*|' || recipient,
        CASE WHEN recipient IS NOT NULL THEN '*|*' END,
        CASE WHEN internal = 'consent' THEN c[8] ELSE self END];
END $$;

-- The ids of the keys that the database accepts, so that the service can see whether it needs to hand over others.
CREATE FUNCTION phr.seal_keys() RETURNS text[]
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(key_id) FROM phr_private.seal_key
$$;

-- What the policies ask. Bodies in this form are bound to their functions when they are created, so no search_path
-- can turn them, and the planner puts them into the query: one evaluation for each place that asks.
CREATE FUNCTION phr.ctx_self() RETURNS uuid LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN nullif((phr.sealed_context())[11], '')::uuid;
CREATE FUNCTION phr.ctx_purpose() RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[12];
CREATE FUNCTION phr.ctx_recipient() RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[6];
CREATE FUNCTION phr.ctx_internal() RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[13];
-- The person this transaction is about, whoever asks.
CREATE FUNCTION phr.ctx_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN nullif((phr.sealed_context())[8], '')::uuid;
-- The audiences of grants that speak to this context: its purpose or any, its recipient or any.
CREATE FUNCTION phr.ctx_audiences() RETURNS text[] LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[14:17];

-- The person whose grants this context sees whole: its own, or the one whose consent it records.
CREATE FUNCTION phr.ctx_owner() RETURNS uuid LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN nullif((phr.sealed_context())[18], '')::uuid;

-- 2. People and the tables of their data.

CREATE TABLE phr.person (
    person_id uuid PRIMARY KEY,
    patient_id text NOT NULL UNIQUE,
    name text NOT NULL DEFAULT '',
    kana text NOT NULL DEFAULT '',
    birth_date date,
    sex text NOT NULL DEFAULT 'unknown' CHECK (sex IN ('male', 'female', 'other', 'unknown')),
    district text NOT NULL DEFAULT '',
    insurer_no text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);

-- What a de-identified release may know of a person: no name, no number.
CREATE TABLE phr.person_trait (
    person_id uuid PRIMARY KEY,
    birth_date date,
    sex text NOT NULL,
    district text NOT NULL
);

CREATE TABLE phr.consent_grant (
    person_id uuid NOT NULL,
    consent_id text NOT NULL,
    version integer NOT NULL,
    line integer NOT NULL,
    depth smallint NOT NULL,
    effect text NOT NULL CHECK (effect IN ('permit', 'deny')),
    recipient text NOT NULL,
    purpose text NOT NULL,
    category text NOT NULL,
    data_from date NOT NULL,
    data_to date NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL,
    path text NOT NULL,
    audience text NOT NULL GENERATED ALWAYS AS (purpose || '|' || recipient) STORED,
    PRIMARY KEY (person_id, consent_id, line)
);
CREATE INDEX consent_grant_audience ON phr.consent_grant (person_id, audience);

CREATE TABLE phr.vital_source (
    person_id uuid NOT NULL,
    source_id uuid NOT NULL,
    key text NOT NULL,
    label text NOT NULL,
    platform text NOT NULL,
    device text NOT NULL,
    method text NOT NULL,
    PRIMARY KEY (person_id, source_id)
);

CREATE TABLE phr.vital_chunk (
    person_id uuid NOT NULL,
    code text NOT NULL,
    day date NOT NULL,
    source_id uuid NOT NULL,
    category text NOT NULL,
    n integer NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (person_id, code, day, source_id)
);
ALTER TABLE phr.vital_chunk ALTER COLUMN payload SET STORAGE EXTERNAL;  -- compressed already
CREATE INDEX vital_chunk_updated ON phr.vital_chunk (updated_at);

CREATE TABLE phr.vital_day (
    person_id uuid NOT NULL,
    code text NOT NULL,
    day date NOT NULL,
    source_id uuid NOT NULL,
    channel text NOT NULL,
    category text NOT NULL,
    n integer NOT NULL,
    minimum float8,
    maximum float8,
    mean float8,
    total float8,
    q05 float8,
    q25 float8,
    q50 float8,
    q75 float8,
    q95 float8,
    worn_minutes integer NOT NULL,
    PRIMARY KEY (person_id, code, day, source_id, channel)
);

-- Same identity, another value: kept aside, never a silent overwrite.
CREATE TABLE phr.vital_conflict (
    person_id uuid NOT NULL,
    code text NOT NULL,
    day date NOT NULL,
    source_id uuid NOT NULL,
    start_us bigint NOT NULL,
    fingerprint text NOT NULL,
    category text NOT NULL,
    sample text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, code, day, source_id, start_us, fingerprint)
);

-- Values that cannot be true, and why. Never shown as measurements.
CREATE TABLE phr.quarantine (
    person_id uuid NOT NULL,
    quarantine_id text NOT NULL,
    code text NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    reason text NOT NULL,
    source text NOT NULL,
    sample text NOT NULL,
    state text NOT NULL DEFAULT 'open',
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, quarantine_id)
);

-- What was turned away without being kept: counts and reasons, no values.
CREATE TABLE phr.intake_count (
    person_id uuid NOT NULL,
    day date NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (person_id, day, reason, detail)
);

CREATE TABLE phr.import_mark (
    person_id uuid NOT NULL,
    file_digest text NOT NULL,
    mark text NOT NULL,
    finished boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, file_digest)
);

CREATE TABLE phr.resource (
    person_id uuid NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    category text NOT NULL,
    day date NOT NULL,
    codes text[] NOT NULL DEFAULT '{}',
    labels text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT '',
    low timestamptz,
    high timestamptz,
    updated_at timestamptz NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (person_id, type, id)
);
CREATE UNIQUE INDEX resource_type_id ON phr.resource (type, id);

CREATE TABLE phr.resource_history (
    person_id uuid NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    deleted boolean NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    updated_at timestamptz NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (person_id, type, id, version)
);

-- 3. Guidance, points, exports.

CREATE TABLE phr.work_item (
    person_id uuid NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    priority smallint NOT NULL,
    state text NOT NULL,
    reasons jsonb NOT NULL,
    basis jsonb NOT NULL,
    data_mark text NOT NULL,
    rule_version text NOT NULL,
    holder text,
    outcome text,
    version integer NOT NULL DEFAULT 1,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, item_id)
);
CREATE UNIQUE INDEX work_item_kind ON phr.work_item (person_id, kind);
CREATE INDEX work_item_open ON phr.work_item (state, priority, opened_at);

CREATE TABLE phr.work_event (
    person_id uuid NOT NULL,
    item_id uuid NOT NULL,
    version integer NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    event text NOT NULL,
    actor text NOT NULL,
    note text NOT NULL DEFAULT '',
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, item_id, version)
);

CREATE TABLE phr.points_event (
    person_id uuid NOT NULL,
    event_key text NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    event text NOT NULL,
    variant text NOT NULL,
    occasion text NOT NULL,
    points integer NOT NULL,
    rule_version text NOT NULL,
    evidence text NOT NULL,
    outbox_id uuid NOT NULL,
    reverses text,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, event_key)
);

CREATE TABLE phr.outbox (
    person_id uuid NOT NULL,
    outbox_id uuid NOT NULL,
    kind text NOT NULL,
    idempotency_key text NOT NULL,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    last_error text NOT NULL DEFAULT '',
    receipt text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    PRIMARY KEY (person_id, outbox_id)
);
CREATE UNIQUE INDEX outbox_key ON phr.outbox (person_id, idempotency_key);
CREATE INDEX outbox_due ON phr.outbox (next_at) WHERE state = 'waiting';

CREATE TABLE phr.release (
    release_id text PRIMARY KEY,
    recipient text NOT NULL,
    state text NOT NULL,
    protocol jsonb NOT NULL,
    certificate jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    published_at timestamptz
);
CREATE TABLE phr.release_file (
    release_id text NOT NULL REFERENCES phr.release,
    name text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (release_id, name)
);
-- Who is in a release: for the person's own page and for the fence at publication and download.
CREATE TABLE phr.release_member (
    person_id uuid NOT NULL,
    release_id text NOT NULL,
    recipient text NOT NULL,
    consents jsonb NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, release_id)
);
CREATE INDEX release_member_release ON phr.release_member (release_id);

-- 4. Sign-in.

CREATE TABLE phr.account (
    account_id uuid PRIMARY KEY,
    subject text NOT NULL UNIQUE,
    role text NOT NULL,
    person_id uuid,
    recipient text NOT NULL DEFAULT '',
    display text NOT NULL DEFAULT '',
    disabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE phr.session (
    session_hash text PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES phr.account,
    kind text NOT NULL,
    purpose text NOT NULL DEFAULT '',
    scope text NOT NULL DEFAULT '',
    csrf text NOT NULL,
    expires_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE TABLE phr.heartbeat (
    name text PRIMARY KEY,
    at timestamptz NOT NULL
);
