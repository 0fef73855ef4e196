-- Backups and drills: when, whether it went well, and what was counted. Numbers of the service, never of a person.
CREATE TABLE phr.keeping (
    keeping_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('backup', 'restore-drill', 'restore', 'key-rotation')),
    at timestamptz NOT NULL,
    ok boolean NOT NULL,
    detail jsonb NOT NULL
);
CREATE INDEX keeping_newest ON phr.keeping (kind, at DESC);
ALTER TABLE phr.keeping ENABLE ROW LEVEL SECURITY;
ALTER TABLE phr.keeping FORCE ROW LEVEL SECURITY;
CREATE POLICY operating ON phr.keeping FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');
CREATE POLICY noting ON phr.keeping FOR INSERT TO phr_app WITH CHECK ((SELECT phr.ctx_internal()) = 'operate');
GRANT SELECT, INSERT ON phr.keeping TO phr_app;
