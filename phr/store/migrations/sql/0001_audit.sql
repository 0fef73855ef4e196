-- The audit trail: compact rows, hash-chained, appended by one function and by nothing else.
-- A chain per backend slot, so that appending waits for nobody; docs/reference/audit.md gives the hash.

CREATE TABLE phr.audit_event (
    person_id uuid NOT NULL,
    chain smallint NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    role text NOT NULL,
    actor text NOT NULL,
    recipient text NOT NULL,
    purpose text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    categories text NOT NULL,
    n bigint NOT NULL,
    outcome text NOT NULL,
    reason text NOT NULL,
    prev bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (person_id, chain, seq)
);
CREATE INDEX audit_event_chain ON phr.audit_event (chain, seq);
CREATE INDEX audit_event_at ON phr.audit_event USING brin (at);

CREATE TABLE phr.audit_head (
    chain smallint PRIMARY KEY,
    seq bigint NOT NULL,
    hash bytea NOT NULL
);
INSERT INTO phr.audit_head SELECT g, 0, sha256(convert_to('phr-audit-chain-' || g, 'UTF8')) FROM generate_series(0, 63) g;

CREATE TABLE phr.audit_root (
    day date PRIMARY KEY,
    root text NOT NULL,
    n bigint NOT NULL,
    heads jsonb NOT NULL,
    sealed_at timestamptz NOT NULL
);

-- Appends one row per person in this transaction. Who asks comes from the sealed context, never from the caller.
CREATE FUNCTION phr.audit_append(
    action text, object text, outcome text, reason text, persons uuid[], categories text[], counts bigint[]
) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c text[] := phr.sealed_context();
    slot smallint := (pg_backend_pid() % 64)::smallint;
    head record;
    moment timestamptz;
    sep text := chr(31);
    line text;
    previous bytea;
    current bytea;
    position bigint;
BEGIN
    IF c IS NULL THEN
        RAISE EXCEPTION 'no sealed context' USING ERRCODE = '42501';
    END IF;
    SELECT h.seq, h.hash INTO head FROM phr.audit_head h WHERE h.chain = slot FOR UPDATE;
    moment := clock_timestamp();  -- after the lock, so that a chain's moments follow its numbers
    action := translate(action, sep, ' ');  -- what stands between fields cannot stand in one
    object := translate(object, sep, ' ');
    outcome := translate(outcome, sep, ' ');
    reason := translate(reason, sep, ' ');
    previous := head.hash;
    position := head.seq;
    FOR i IN 1 .. coalesce(array_length(persons, 1), 0) LOOP
        position := position + 1;
        line := concat_ws(sep, slot, position, (extract(epoch FROM moment) * 1000000)::bigint, c[9], c[4], c[5], c[6],
                          c[7], persons[i], audit_append.action, audit_append.object,
                          translate(audit_append.categories[i], sep, ' '), audit_append.counts[i], audit_append.outcome, audit_append.reason);
        current := sha256(previous || convert_to(line, 'UTF8'));
        INSERT INTO phr.audit_event VALUES (persons[i], slot, position, moment, c[9], c[4], c[5], c[6], c[7],
            audit_append.action, audit_append.object, translate(audit_append.categories[i], sep, ' '),
            audit_append.counts[i],
            audit_append.outcome, audit_append.reason, previous, current);
        previous := current;
    END LOOP;
    UPDATE phr.audit_head h SET seq = position, hash = previous WHERE h.chain = slot;
END $$;

-- Waits until every row that is being appended is committed: a day that is over has all its rows afterwards.
CREATE FUNCTION phr.audit_settle() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c text[] := phr.sealed_context();
BEGIN
    IF c IS NULL OR c[7] <> 'audit' THEN
        RAISE EXCEPTION 'no sealed context of the review' USING ERRCODE = '42501';
    END IF;
    PERFORM 1 FROM phr.audit_head ORDER BY chain FOR UPDATE;
END $$;
