-- Points: what stands between us and the ledger. No row is about a person: references and accounts are pseudonyms, as
-- the ledger itself knows them.

-- Whether the ledger is called or left alone, shared by all workers and shown to those who run the service.
CREATE TABLE phr.ledger_breaker (
    name text PRIMARY KEY,                  -- the ledger's name
    failures integer NOT NULL DEFAULT 0,
    open_until timestamptz,
    why text NOT NULL DEFAULT '',           -- the kind of the last trouble
    at timestamptz NOT NULL
);

-- What was put into the budgets of a year, and by whom: once at its beginning, and each time somebody tops one up.
CREATE TABLE phr.ledger_budget (
    ledger text NOT NULL,
    reference text NOT NULL,                -- the ledger's own reference of the transaction
    fiscal_year integer NOT NULL,
    event text NOT NULL,
    asset text NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    actor text NOT NULL,
    asked_at timestamptz NOT NULL,
    funded_at timestamptz,                  -- when the ledger had it
    PRIMARY KEY (ledger, reference)
);

-- The daily comparison of our letters with the ledger's log, and what differed. Nothing here is ever mended by itself.
CREATE TABLE phr.ledger_reconciliation (
    ledger text NOT NULL,
    day date NOT NULL,
    at timestamptz NOT NULL,
    whole boolean NOT NULL,                 -- all of the log, or what came since the last comparison
    through bigint NOT NULL,                -- the newest entry of the log that was looked at
    theirs bigint NOT NULL,                 -- transactions of the log
    ours bigint NOT NULL,                   -- delivered letters
    found bigint NOT NULL,                  -- differences, of which the first thousand are kept
    PRIMARY KEY (ledger, day)
);
CREATE TABLE phr.ledger_difference (
    ledger text NOT NULL,
    day date NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('missing-there', 'missing-here', 'amount', 'twice', 'given-up')),
    reference text NOT NULL,
    ours bigint NOT NULL,
    theirs bigint NOT NULL,
    PRIMARY KEY (ledger, day, kind, reference),
    FOREIGN KEY (ledger, day) REFERENCES phr.ledger_reconciliation ON DELETE CASCADE
);

-- Files for a platform without an interface. A line is delivered only when the platform has acknowledged it.
CREATE TABLE phr.ledger_file (
    number bigint PRIMARY KEY,
    made_at timestamptz NOT NULL,
    encoding text NOT NULL,
    body bytea NOT NULL,                    -- the same bytes again, however often it is asked for
    sha256 text NOT NULL,
    lines integer NOT NULL,
    total bigint NOT NULL
);
CREATE TABLE phr.ledger_file_line (
    number bigint NOT NULL REFERENCES phr.ledger_file,
    line integer NOT NULL,
    outbox_id uuid NOT NULL,
    reference text NOT NULL,
    result text NOT NULL DEFAULT '' CHECK (result IN ('', 'accepted', 'refused')),
    code text NOT NULL DEFAULT '',
    at timestamptz,
    PRIMARY KEY (number, line)
);
-- A letter is in one file at a time: only after a refusal may it go into another.
CREATE UNIQUE INDEX ledger_file_line_pending ON phr.ledger_file_line (outbox_id) WHERE result <> 'refused';

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['ledger_breaker', 'ledger_budget', 'ledger_reconciliation', 'ledger_difference',
                             'ledger_file', 'ledger_file_line'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY delivering ON phr.%I FOR ALL TO phr_app'
                       ' USING ((SELECT phr.ctx_internal()) IN (''deliver'', ''operate''))'
                       ' WITH CHECK ((SELECT phr.ctx_internal()) IN (''deliver'', ''operate''))', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON phr.%I TO phr_app', t);
    END LOOP;
END $do$;
GRANT DELETE ON phr.ledger_reconciliation, phr.ledger_difference TO phr_app;

-- Comparing asks for letters by the ledger's reference.
CREATE INDEX outbox_reference ON phr.outbox ((payload ->> 'reference')) WHERE kind = 'ledger';
