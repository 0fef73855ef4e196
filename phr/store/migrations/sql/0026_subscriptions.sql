-- Subscriptions: what was asked for, what happened, what was told.

-- person_id: about whom; all zeros for everybody whom the owner may see. The owner's reason to read is kept with it, so
-- that each event is checked anew with the same reason when it is told.
CREATE TABLE phr.subscription (
    person_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    account_id uuid NOT NULL,
    client text NOT NULL DEFAULT '',
    role text NOT NULL,
    actor text NOT NULL,
    recipient text NOT NULL,
    purpose text NOT NULL,
    scope text NOT NULL DEFAULT '',
    topic text NOT NULL,
    filters jsonb NOT NULL DEFAULT '[]',
    endpoint text NOT NULL,
    headers bytea NOT NULL DEFAULT '',        -- sealed: they may hold a token of the receiver
    payload text NOT NULL DEFAULT 'empty' CHECK (payload IN ('empty', 'id-only')),
    heartbeat integer NOT NULL DEFAULT 0,
    timeout integer NOT NULL DEFAULT 10,
    max_count integer NOT NULL DEFAULT 1,
    ends_at timestamptz,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'active', 'error', 'off')),
    asked boolean NOT NULL DEFAULT false,     -- whether the handshake of this version is in the outbox
    error text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    dropped bigint NOT NULL DEFAULT 0,
    sent_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    body text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, subscription_id)
);
CREATE INDEX subscription_by_id ON phr.subscription (subscription_id);
CREATE INDEX subscription_live ON phr.subscription (topic, person_id) WHERE state <> 'off';

-- That anybody at all wants to be told of a topic about a person: all that a transaction asks in which something
-- happens, by the key of a small table.
CREATE TABLE phr.subscription_interest (
    person_id uuid NOT NULL,
    topic text NOT NULL,
    PRIMARY KEY (person_id, topic)
);

-- What happened, in the transaction in which it did, until it is numbered for each subscription that it concerns.
CREATE TABLE phr.subscription_happening (
    person_id uuid NOT NULL,
    happening_id uuid NOT NULL DEFAULT gen_random_uuid(),
    topic text NOT NULL,
    focus text NOT NULL,                      -- Type/id
    codes text[] NOT NULL DEFAULT '{}',
    labels text[] NOT NULL DEFAULT '{}',
    audience text[] NOT NULL DEFAULT '{}',    -- of a Consent: the recipients that its versions name
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, happening_id)
);
CREATE INDEX subscription_happening_at ON phr.subscription_happening (at);

-- Numbered events, without gaps.
CREATE TABLE phr.subscription_event (
    person_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    number bigint NOT NULL,
    actor text NOT NULL,
    recipient text NOT NULL,
    focus text NOT NULL,
    at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'missed', 'dropped')),
    PRIMARY KEY (person_id, subscription_id, number)
);
CREATE INDEX subscription_event_number ON phr.subscription_event (subscription_id, number);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['subscription', 'subscription_interest', 'subscription_happening', 'subscription_event'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON phr.%I TO phr_app', t);
        EXECUTE format('CREATE POLICY telling ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_internal()) = ''deliver'') WITH CHECK ((SELECT phr.ctx_internal()) = ''deliver'')', t);
    END LOOP;
END $do$;
-- A subscription is its owner's, in the reason for which it was made. A resident's is about themselves.
CREATE POLICY owner ON phr.subscription FOR ALL TO phr_app
    USING (actor = (SELECT phr.ctx_actor()) AND recipient = (SELECT phr.ctx_recipient())
           AND purpose = (SELECT phr.ctx_purpose()))
    WITH CHECK (actor = (SELECT phr.ctx_actor()) AND recipient = (SELECT phr.ctx_recipient())
           AND purpose = (SELECT phr.ctx_purpose()) AND role = (SELECT phr.ctx_role())
           AND (role <> 'resident' OR person_id = (SELECT phr.ctx_self())));
CREATE POLICY owner ON phr.subscription_event FOR SELECT TO phr_app
    USING (actor = (SELECT phr.ctx_actor()) AND recipient = (SELECT phr.ctx_recipient())
           AND (SELECT phr.ctx_purpose()) IS NOT NULL);
-- The person sees of what somebody was told.
CREATE POLICY own ON phr.subscription_event FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
-- Whoever knows the person knows whether to note what happens, and notes it; an emergency notes nothing. All zeros is
-- nobody.
CREATE POLICY asking ON phr.subscription_interest FOR SELECT TO phr_app USING (
    (person_id = '00000000-0000-0000-0000-000000000000'
     AND coalesce((SELECT phr.ctx_purpose()), (SELECT phr.ctx_internal())) IS NOT NULL)
    OR ((SELECT phr.ctx_internal()) IS DISTINCT FROM 'emergency'
        AND EXISTS (SELECT 1 FROM phr.person p WHERE p.person_id = subscription_interest.person_id)));
CREATE POLICY noting ON phr.subscription_happening FOR INSERT TO phr_app WITH CHECK (
    EXISTS (SELECT 1 FROM phr.person p WHERE p.person_id = subscription_happening.person_id));

-- The worker that numbers an event puts its letter into the box.
CREATE POLICY posting_subscriptions ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'subscription' AND (SELECT phr.ctx_internal()) = 'deliver');
