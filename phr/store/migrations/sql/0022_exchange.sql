-- Points that leave a resident's lots (exchange, gift, expiry), the wallet they go to, teams, goals, and closed years.

-- One row for each time that points leave the lots of a person. The ledger is told by letters of the outbox; the state
-- says how far both sides are. lots: what was taken from which lot, so that it can go back to the same ones.
CREATE TABLE phr.points_move (
    person_id uuid NOT NULL,
    move_id uuid NOT NULL,
    kind text NOT NULL DEFAULT 'exchange' CHECK (kind IN ('exchange', 'gift', 'expiry')),
    amount integer NOT NULL CHECK (amount > 0),
    lots jsonb NOT NULL DEFAULT '[]',
    target text NOT NULL DEFAULT '',          -- the code of who receives a gift; the account of points that ended
    state text NOT NULL DEFAULT 'requested'
        CHECK (state IN ('requested', 'pending', 'sent', 'settling', 'returning', 'done', 'returned', 'refused')),
    way text NOT NULL DEFAULT '',             -- web, paper, job
    reason text NOT NULL DEFAULT '',          -- a word that the pages translate
    actor text NOT NULL DEFAULT '',
    outbox_id uuid NOT NULL,                  -- the letter that the state waits for
    receipt text NOT NULL DEFAULT '',         -- the platform's number of what it paid
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, move_id)
);
-- One open at a time: the database says so, whoever asks at once.
CREATE UNIQUE INDEX points_move_one_open ON phr.points_move (person_id, kind)
    WHERE state IN ('requested', 'pending', 'sent', 'settling', 'returning');
CREATE INDEX points_move_open ON phr.points_move (updated_at)
    WHERE state IN ('requested', 'pending', 'sent', 'settling', 'returning');

-- One person, one wallet: the hash is keyed; neither a second wallet of a person nor a second person of a wallet.
CREATE TABLE phr.points_wallet (
    person_id uuid PRIMARY KEY,
    sealed bytea NOT NULL,
    wallet_hash text NOT NULL UNIQUE,
    proof text NOT NULL,
    noted_by text NOT NULL,
    noted_at timestamptz NOT NULL
);

-- The goal of this week as the person took it, or that they want none.
CREATE TABLE phr.points_goal (
    person_id uuid PRIMARY KEY,
    wanted boolean NOT NULL,
    goal integer,
    updated_at timestamptz NOT NULL
);

-- Which team or district a person's steps count in; the consent to it names Group/code.
CREATE TABLE phr.points_member (
    person_id uuid NOT NULL,
    group_code text NOT NULL,
    consent_id text NOT NULL,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (person_id, group_code)
);
CREATE INDEX points_member_code ON phr.points_member (group_code);

-- What a group did in a week that is over, counted once: who joins or leaves later changes no figure, so that nobody is
-- found by the difference of two. NULL: too few to say.
CREATE TABLE phr.points_week (
    group_code text NOT NULL,
    week date NOT NULL,                       -- its Monday
    steps integer,                            -- the mean of a day, rounded
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (group_code, week)
);

-- The statement of a year that was closed, as it was.
CREATE TABLE phr.points_year (
    fiscal_year integer PRIMARY KEY,
    statement jsonb NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL
);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['points_move', 'points_wallet', 'points_goal', 'points_member', 'points_week', 'points_year'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON phr.%I TO phr_app', t);
    END LOOP;
    -- The person sees their own; the service's deliveries change one person's rows in one context.
    FOREACH t IN ARRAY ARRAY['points_move', 'points_wallet', 'points_goal', 'points_member'] LOOP
        EXECUTE format('CREATE POLICY own ON phr.%I FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()))', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['points_move', 'points_wallet'] LOOP
        EXECUTE format('CREATE POLICY moving ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''deliver'' AND person_id = (SELECT phr.ctx_person()))
            WITH CHECK ((SELECT phr.ctx_internal()) = ''deliver'' AND person_id = (SELECT phr.ctx_person()))', t);
        EXECUTE format('CREATE POLICY finding ON phr.%I FOR SELECT TO phr_app USING (
            (SELECT phr.ctx_internal()) = ''deliver'')', t);
    END LOOP;
END $do$;
-- The counter sees what waits for it, and of one person everything; it notes and ends wallets.
CREATE POLICY waiting ON phr.points_move FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'register'
    AND (person_id = (SELECT phr.ctx_person()) OR (kind = 'exchange' AND state IN ('pending', 'sent'))));
CREATE POLICY counter ON phr.points_wallet FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()));
GRANT DELETE ON phr.points_wallet TO phr_app;
-- Counts for the accountants.
CREATE POLICY counting ON phr.points_move FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');
CREATE POLICY operating ON phr.points_year FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'operate') WITH CHECK ((SELECT phr.ctx_internal()) = 'operate');
-- A goal is the person's own.
CREATE POLICY choosing ON phr.points_goal FOR ALL TO phr_app
    USING (person_id = (SELECT phr.ctx_self())) WITH CHECK (person_id = (SELECT phr.ctx_self()));
-- Joining and leaving go with the consent; the group sees its members while their grants live.
CREATE POLICY recording ON phr.points_member FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY granted ON phr.points_member FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'points' AND 'Group/' || group_code = (SELECT phr.ctx_recipient())
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = points_member.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));
CREATE POLICY of_group ON phr.points_week FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'points' AND 'Group/' || group_code = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'points' AND 'Group/' || group_code = (SELECT phr.ctx_recipient()));

-- A letter that the ledger will never take is set aside in the same transaction in which its request ends.
CREATE POLICY setting_aside ON phr.outbox FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'deliver' AND kind = 'ledger' AND state = 'dead')
    WITH CHECK ((SELECT phr.ctx_internal()) = 'deliver' AND kind = 'ledger' AND state = 'stopped');
-- A notice that points end is posted by the work that finds whose they are.
CREATE POLICY posting_expiry ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'message' AND (SELECT phr.ctx_internal()) = 'deliver' AND person_id = (SELECT phr.ctx_person()));

