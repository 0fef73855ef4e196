-- The embedded points ledger: append-only double entry. Run as phr_owner; the semantics are Formance Ledger v2.
-- No row-level security here on purpose: no table holds personal data. Accounts are pseudonymous addresses, metadata
-- is what a payment company may see, and the way from a pseudonym to a person is in another schema behind its own door.

CREATE SCHEMA ledger;

CREATE TABLE ledger.ledger (
    name text COLLATE "C" PRIMARY KEY CHECK (name ~ '^[0-9a-zA-Z-][0-9a-zA-Z_-]{0,62}$'),
    metadata jsonb NOT NULL DEFAULT '{}',
    added_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What happened, in order, each entry chained to the one before by its hash.
CREATE TABLE ledger.log (
    ledger text COLLATE "C" NOT NULL REFERENCES ledger.ledger,
    id bigint NOT NULL CHECK (id > 0),
    type text NOT NULL
        CHECK (type IN ('NEW_TRANSACTION', 'REVERTED_TRANSACTION', 'SET_METADATA', 'DELETE_METADATA')),
    data jsonb NOT NULL,
    at timestamptz NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (ledger, id)
);

-- "Reverted" is not a flag that somebody sets: it is the existence of the one transaction that reverts.
CREATE TABLE ledger.transaction (
    ledger text COLLATE "C" NOT NULL REFERENCES ledger.ledger,
    id bigint NOT NULL CHECK (id > 0),
    reference text COLLATE "C",
    at timestamptz NOT NULL,
    inserted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    metadata jsonb NOT NULL,
    reverts bigint,
    forced boolean NOT NULL DEFAULT false CHECK (NOT forced OR reverts IS NOT NULL),
    postings smallint NOT NULL CHECK (postings > 0),
    PRIMARY KEY (ledger, id),
    UNIQUE (ledger, reference),
    UNIQUE (ledger, reverts),
    FOREIGN KEY (ledger, reverts) REFERENCES ledger.transaction (ledger, id)
);

-- One row moves one amount from one account to another, so the sum over all accounts is zero by form.
CREATE TABLE ledger.posting (
    ledger text COLLATE "C" NOT NULL,
    transaction bigint NOT NULL,
    position smallint NOT NULL CHECK (position >= 0),
    source text COLLATE "C" NOT NULL CHECK (source ~ '^[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)*$'),
    destination text COLLATE "C" NOT NULL CHECK (destination ~ '^[a-zA-Z0-9_-]+(:[a-zA-Z0-9_-]+)*$'),
    asset text COLLATE "C" NOT NULL,
    amount bigint NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000000),
    PRIMARY KEY (ledger, transaction, position),
    FOREIGN KEY (ledger, transaction) REFERENCES ledger.transaction (ledger, id)
);
CREATE INDEX posting_source ON ledger.posting (ledger, source, transaction);
CREATE INDEX posting_destination ON ledger.posting (ledger, destination, transaction);

-- Materialised by the trigger on posting; nothing else may write the amounts.
-- overdraft: a forced revert took this account below zero, and it has not come back yet.
CREATE TABLE ledger.balance (
    ledger text COLLATE "C" NOT NULL REFERENCES ledger.ledger,
    address text COLLATE "C" NOT NULL,
    asset text COLLATE "C" NOT NULL,
    input numeric(30) NOT NULL DEFAULT 0,
    output numeric(30) NOT NULL DEFAULT 0,
    overdraft boolean NOT NULL DEFAULT false,
    PRIMARY KEY (ledger, address, asset),
    CONSTRAINT never_below_zero CHECK (address = 'world' OR overdraft OR input >= output)
);

-- Metadata set after the fact: the newest row of a key holds; a null value says that the key was removed.
CREATE TABLE ledger.metadata (
    ledger text COLLATE "C" NOT NULL,
    target_type text NOT NULL CHECK (target_type IN ('TRANSACTION', 'ACCOUNT')),
    target text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    log bigint NOT NULL,
    value text,
    PRIMARY KEY (ledger, target_type, target, key, log),
    FOREIGN KEY (ledger, log) REFERENCES ledger.log (ledger, id)
);

-- The first answer to an idempotency key, given again to every repeat.
CREATE TABLE ledger.idempotency (
    ledger text COLLATE "C" NOT NULL REFERENCES ledger.ledger,
    key text COLLATE "C" NOT NULL,
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    answer json NOT NULL,  -- json, not jsonb: given again as it was first spelled
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (ledger, key)
);

-- Lock the accounts of a transaction, all in one order (so that two transactions never wait for each other in a
-- ring), opening those that are new; then the head of the log, to which one writer at a time appends.
-- The app role may lock through this and write no balance itself. Loops, so that every step is one index look-up.
CREATE FUNCTION ledger.lock_accounts(in_ledger text, in_address text[], in_asset text[])
RETURNS TABLE (address text, asset text, balance numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    w record;
BEGIN
    FOR w IN SELECT DISTINCT u.address COLLATE "C" AS address, u.asset COLLATE "C" AS asset
             FROM unnest(in_address, in_asset) AS u (address, asset) ORDER BY 1, 2 LOOP
        INSERT INTO ledger.balance (ledger, address, asset) VALUES (in_ledger, w.address, w.asset)
            ON CONFLICT DO NOTHING;
    END LOOP;
    FOR w IN SELECT DISTINCT u.address COLLATE "C" AS address, u.asset COLLATE "C" AS asset
             FROM unnest(in_address, in_asset) AS u (address, asset) ORDER BY 1, 2 LOOP
        RETURN QUERY SELECT b.address::text, b.asset::text, b.input - b.output FROM ledger.balance b
            WHERE b.ledger = in_ledger AND b.address = w.address AND b.asset = w.asset FOR UPDATE;
    END LOOP;
    PERFORM pg_advisory_xact_lock(hashtextextended(in_ledger, 2));
END $$;

-- Carry new postings into the balances. Only a revert that was forced may take an account below zero.
CREATE FUNCTION ledger.carry() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    d record;
    t record;
BEGIN
    FOR t IN SELECT p.ledger, p.transaction, max(p.position) AS last FROM added p GROUP BY 1, 2 LOOP
        IF t.last >= (SELECT x.postings FROM ledger.transaction x
                      WHERE x.ledger = t.ledger AND x.id = t.transaction) THEN
            RAISE EXCEPTION 'a posting beyond those of its transaction'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    FOR d IN SELECT m.ledger, m.transaction, m.address, m.asset, sum(m.input) AS input, sum(m.output) AS output
             FROM (SELECT p.ledger, p.transaction, p.destination AS address, p.asset, p.amount AS input, 0 AS output
                   FROM added p
                   UNION ALL
                   SELECT p.ledger, p.transaction, p.source, p.asset, 0, p.amount FROM added p) m
             GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LOOP
        UPDATE ledger.balance b
        SET input = b.input + d.input,
            output = b.output + d.output,
            overdraft = b.input + d.input < b.output + d.output
                AND (b.overdraft OR (SELECT x.forced FROM ledger.transaction x
                                     WHERE x.ledger = d.ledger AND x.id = d.transaction))
        WHERE b.ledger = d.ledger AND b.address = d.address AND b.asset = d.asset;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a posting to an account that was not locked'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER carry AFTER INSERT ON ledger.posting
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.carry();

-- A transaction is complete when it commits: it has as many postings as it says (and never gets one more, above).
CREATE FUNCTION ledger.complete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM ledger.posting p WHERE p.ledger = NEW.ledger AND p.transaction = NEW.id)
       <> NEW.postings THEN
        RAISE EXCEPTION 'a transaction without all its postings' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER complete AFTER INSERT ON ledger.transaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.complete();

-- Append-only by privilege for the app role, and by trigger for everybody else who might forget.
CREATE FUNCTION ledger.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.log
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.transaction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.posting
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.metadata
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.idempotency
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse();

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO phr_app;
GRANT SELECT, INSERT ON ledger.ledger, ledger.log, ledger.transaction, ledger.posting, ledger.metadata,
    ledger.idempotency TO phr_app;
GRANT SELECT ON ledger.balance TO phr_app;
GRANT EXECUTE ON FUNCTION ledger.lock_accounts(text, text[], text[]) TO phr_app;
