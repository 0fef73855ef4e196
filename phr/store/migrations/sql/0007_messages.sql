-- Ways to reach people, what they asked for, what was told to them, and letters on paper.

-- Where a person can be reached: sealed, and of no use before it was verified.
CREATE TABLE phr.contact_address (
    person_id uuid NOT NULL,
    address_id uuid NOT NULL,
    channel text NOT NULL CHECK (channel IN ('email', 'line', 'push', 'post')),
    sealed bytea NOT NULL,
    address_hash text NOT NULL,          -- keyed: finds whose an address is when the other side says that it has ended
    state text NOT NULL DEFAULT 'unverified' CHECK (state IN ('unverified', 'verified', 'ended')),
    tries integer NOT NULL DEFAULT 0,    -- wrong codes
    created_at timestamptz NOT NULL,
    expires_at timestamptz,              -- until when the code counts
    verified_at timestamptz,
    ended_at timestamptz,
    ended_why text NOT NULL DEFAULT '',  -- a word, never a text of the other side
    PRIMARY KEY (person_id, address_id)
);
CREATE INDEX contact_address_hash ON phr.contact_address (address_hash);

-- What a person asked for, per kind of message. No row: the default of the kind, and no for all that needs asking.
CREATE TABLE phr.message_choice (
    person_id uuid NOT NULL,
    kind text NOT NULL,
    wanted boolean NOT NULL,
    channels text[] NOT NULL DEFAULT '{}',  -- in this order; empty: any
    way text NOT NULL DEFAULT '',           -- web, postcard, counter, link
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, kind)
);

-- The inbox. Its texts are in templates; a row holds no value and no name.
CREATE TABLE phr.message (
    person_id uuid NOT NULL,
    message_id uuid NOT NULL,
    key text NOT NULL,                      -- of the outbox row
    kind text NOT NULL,
    template text NOT NULL,
    version integer NOT NULL,
    params jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'sending', 'sent', 'inbox', 'paper', 'printed', 'stopped')),
    channel text NOT NULL DEFAULT '',
    why text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    sent_at timestamptz,
    read_at timestamptz,
    stopped_at timestamptz,                 -- when its link for unsubscribing was used
    PRIMARY KEY (person_id, message_id)
);
CREATE UNIQUE INDEX message_key ON phr.message (person_id, key);
CREATE INDEX message_id ON phr.message (message_id);
CREATE INDEX message_paper ON phr.message (created_at) WHERE state = 'paper';

-- Numbers on postcards: random, used once, kept as keyed hashes. They belong to nobody until somebody enters one.
CREATE TABLE phr.registration_number (
    number_hash text PRIMARY KEY,
    batch_id uuid NOT NULL,
    kind text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE TABLE phr.number_try (
    person_id uuid NOT NULL,
    day date NOT NULL,
    tries integer NOT NULL,
    PRIMARY KEY (person_id, day)
);

-- What a person told the reminders: this one is done.
CREATE TABLE phr.screening_done (
    person_id uuid NOT NULL,
    screening text NOT NULL,
    day date NOT NULL,
    way text NOT NULL DEFAULT '',
    noted_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, screening, day)
);

-- Letters: what was printed, sealed, so that it can be printed again as it was.
CREATE TABLE phr.letter_batch (
    batch_id uuid PRIMARY KEY,
    recipient text NOT NULL,
    kind text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    letters integer NOT NULL,
    digest text NOT NULL,
    posted_at timestamptz
);
CREATE TABLE phr.letter (
    person_id uuid NOT NULL,
    letter_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    place integer NOT NULL,              -- in the batch
    number text NOT NULL,                -- printed on the letter
    kind text NOT NULL,
    category text NOT NULL,              -- what it speaks of; 'none' when it speaks of no data
    day date NOT NULL,
    sealed bytea NOT NULL,
    address_hash text NOT NULL,
    source text NOT NULL DEFAULT '',     -- the case or message that it came from
    state text NOT NULL DEFAULT 'made' CHECK (state IN ('made', 'posted', 'returned')),
    made_at timestamptz NOT NULL,
    posted_at timestamptz,
    returned_at timestamptz,
    PRIMARY KEY (person_id, letter_id)
);
CREATE INDEX letter_number ON phr.letter (number);
CREATE INDEX letter_batch_place ON phr.letter (batch_id, place);

DO $do$
DECLARE
    t text;
    -- The rule of consent.decide over the materialised rows, as in the first migration.
    gate text := $gate$
        letter.category = ANY ('{activity,heart,blood-pressure,body,sleep,glucose,temperature,oxygen,respiration,nutrition,checkup,questionnaire,guidance,child}'::text[])
        AND (SELECT bool_and(v.deepest % 2 = 0) FROM (
            SELECT max(2 * g.depth + CASE g.effect WHEN 'permit' THEN 0 ELSE 1 END) AS deepest
            FROM phr.consent_grant g
            WHERE g.person_id = letter.person_id
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND (g.category = letter.category OR g.category = '*')
            AND letter.day >= g.data_from AND letter.day <= g.data_to
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to
            GROUP BY g.consent_id) v)
    $gate$;
BEGIN
    FOREACH t IN ARRAY ARRAY['contact_address', 'message_choice', 'message', 'registration_number', 'number_try',
                             'screening_done', 'letter_batch', 'letter'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- One's own; the counter, about one person at a time.
    FOREACH t IN ARRAY ARRAY['contact_address', 'message_choice', 'screening_done'] LOOP
        EXECUTE format('CREATE POLICY own ON phr.%I FOR ALL TO phr_app
            USING (person_id = (SELECT phr.ctx_self())) WITH CHECK (person_id = (SELECT phr.ctx_self()))', t);
        EXECUTE format('CREATE POLICY counter ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''register'' AND person_id = (SELECT phr.ctx_person()))
            WITH CHECK ((SELECT phr.ctx_internal()) = ''register'' AND person_id = (SELECT phr.ctx_person()))', t);
    END LOOP;
    -- What sends finds whose turn it is, and changes one person's rows in one context.
    FOREACH t IN ARRAY ARRAY['contact_address', 'message_choice', 'message'] LOOP
        EXECUTE format('CREATE POLICY finding ON phr.%I FOR SELECT TO phr_app USING (
            (SELECT phr.ctx_internal()) = ''deliver'')', t);
        EXECUTE format('CREATE POLICY sending ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            (SELECT phr.ctx_internal()) = ''deliver'' AND person_id = (SELECT phr.ctx_person()))', t);
        EXECUTE format('CREATE POLICY sent ON phr.%I FOR UPDATE TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''deliver'' AND person_id = (SELECT phr.ctx_person()))
            WITH CHECK ((SELECT phr.ctx_internal()) = ''deliver'' AND person_id = (SELECT phr.ctx_person()))', t);
    END LOOP;
    EXECUTE format('CREATE POLICY granted ON phr.letter FOR SELECT TO phr_app USING (
        (SELECT phr.ctx_purpose()) = ''guidance'' AND (%s))', gate);
    EXECUTE format('CREATE POLICY granted_insert ON phr.letter FOR INSERT TO phr_app WITH CHECK (
        (SELECT phr.ctx_purpose()) = ''guidance'' AND (%s))', gate);
    EXECUTE format('CREATE POLICY granted_update ON phr.letter FOR UPDATE TO phr_app USING (
        (SELECT phr.ctx_purpose()) = ''guidance'' AND (%s))', gate);
END $do$;

-- The person reads and notes that they read; letters that speak of no data wait for paper at the counter.
CREATE POLICY own ON phr.message FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY reading ON phr.message FOR UPDATE TO phr_app USING (person_id = (SELECT phr.ctx_self()))
    WITH CHECK (person_id = (SELECT phr.ctx_self()));
CREATE POLICY paper ON phr.message FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'register' AND state IN ('paper', 'printed'));
CREATE POLICY printing ON phr.message FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()) AND state = 'paper')
    WITH CHECK ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person())
                AND state = 'printed');
CREATE POLICY own ON phr.letter FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY without_data ON phr.letter FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'register' AND category = 'none');
CREATE POLICY without_data_made ON phr.letter FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'register' AND category = 'none' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY without_data_posted ON phr.letter FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register' AND category = 'none')
    WITH CHECK ((SELECT phr.ctx_internal()) = 'register' AND category = 'none');
CREATE POLICY of_recipient ON phr.letter_batch FOR ALL TO phr_app
    USING (((SELECT phr.ctx_purpose()) = 'guidance' OR (SELECT phr.ctx_internal()) = 'register')
           AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK (((SELECT phr.ctx_purpose()) = 'guidance' OR (SELECT phr.ctx_internal()) = 'register')
                AND recipient = (SELECT phr.ctx_recipient()));
-- Numbers are made, and used, only by the register; who tries too often is told no.
CREATE POLICY register ON phr.registration_number FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
CREATE POLICY own ON phr.number_try FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY register ON phr.number_try FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()));
-- A reminder is posted by the work that finds who asked for one.
CREATE POLICY posting_messages ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'message' AND (SELECT phr.ctx_internal()) = 'register' AND person_id = (SELECT phr.ctx_person()));

GRANT SELECT, INSERT, UPDATE ON phr.contact_address, phr.message_choice, phr.message, phr.registration_number,
    phr.number_try, phr.letter_batch, phr.letter TO phr_app;
GRANT SELECT, INSERT, DELETE ON phr.screening_done TO phr_app;
