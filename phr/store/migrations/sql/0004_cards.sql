-- Cards: what a resident shows to a shared gateway box, so that it knows whose measurement comes next. Only keyed
-- hashes are kept; a card says nothing about its holder.
CREATE TABLE phr.card (
    person_id uuid NOT NULL,
    card_hash text NOT NULL,
    label text NOT NULL DEFAULT '',
    issued_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    PRIMARY KEY (person_id, card_hash)
);
CREATE INDEX card_hash ON phr.card (card_hash);
ALTER TABLE phr.card ENABLE ROW LEVEL SECURITY;
ALTER TABLE phr.card FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON phr.card FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY register ON phr.card FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
GRANT SELECT, INSERT, UPDATE ON phr.card TO phr_app;
