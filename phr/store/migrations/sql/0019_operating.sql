-- Figures of the city's plan, one a day: counts over many people and nobody's data. A count of people below the k of
-- exports is kept as NULL, so that no later reader can find the few.
CREATE TABLE phr.city_figure (
    day date NOT NULL,
    name text NOT NULL,
    part text NOT NULL DEFAULT '',     -- a purpose, where a figure has one for each
    n bigint,
    whole bigint,                      -- of how many, for a share
    at timestamptz NOT NULL,
    PRIMARY KEY (day, name, part)
);

-- What changes who may do what: asked for by one operator and decided by another (R8-24). The rule is a constraint,
-- too, so that no mistake of the service lets one person do both.
CREATE TABLE phr.account_change (
    change_id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES phr.account,
    role text NOT NULL,
    recipient text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused')),
    decided_by text NOT NULL DEFAULT '',
    decided_at timestamptz,
    CHECK (state <> 'approved' OR (decided_by <> '' AND decided_by <> asked_by))
);
CREATE UNIQUE INDEX account_change_waiting ON phr.account_change (account_id) WHERE state = 'waiting';

DO $do$
DECLARE
    t record;
BEGIN
    FOR t IN SELECT * FROM (VALUES ('city_figure', 'operate'), ('account_change', 'session')) AS v(name, purpose) LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t.name);
        EXECUTE format('CREATE POLICY %I ON phr.%I FOR ALL TO phr_app USING ((SELECT phr.ctx_internal()) = %L)'
                       ' WITH CHECK ((SELECT phr.ctx_internal()) = %L)', t.purpose, t.name, t.purpose, t.purpose);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON phr.%I TO phr_app', t.name);
    END LOOP;
END $do$;
