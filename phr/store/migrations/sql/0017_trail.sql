-- Unusual access, break-glass and what reviewers made of them; docs/explanation/break-glass.md.

CREATE FUNCTION phr.ctx_role() RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[4];

-- A nurse opened one person without consent, for a vital interest. It never lasts longer than an hour.
CREATE TABLE phr.break_glass (
    person_id uuid NOT NULL,
    glass_id uuid NOT NULL,
    recipient text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,     -- a word of break_glass.toml
    note text NOT NULL,       -- what the nurse wrote of it
    opened_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    expires_at timestamptz NOT NULL DEFAULT statement_timestamp() + interval '60 minutes',
    closed_at timestamptz,
    PRIMARY KEY (person_id, glass_id),
    CHECK (expires_at <= opened_at + interval '60 minutes')
);
CREATE INDEX break_glass_actor ON phr.break_glass (actor, expires_at);

-- People whose record is looked at with more care: known in town, staff, or named by the city.
CREATE TABLE phr.watched_person (
    person_id uuid PRIMARY KEY,
    reason text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now()
);

-- What the rules of unusual_access.toml found: who, which rule, how often, and the newest row of the trail it rests on.
CREATE TABLE phr.unusual_access (
    person_id uuid NOT NULL,  -- all zeros where it is about many
    finding text NOT NULL,    -- rule, actor and day, so that a finding is made once
    rule text NOT NULL,
    role text NOT NULL,
    actor text NOT NULL,
    n bigint NOT NULL,
    at timestamptz NOT NULL,
    chain smallint NOT NULL,
    seq bigint NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, finding)
);
CREATE INDEX unusual_access_at ON phr.unusual_access (at);

-- What a reviewer made of a read. That it was reviewed is in the trail too; the note is only here.
CREATE TABLE phr.access_review (
    person_id uuid NOT NULL,
    ident text NOT NULL,
    finding text NOT NULL,
    note text NOT NULL,
    reviewer text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, ident)
);

DO $do$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['break_glass', 'watched_person', 'unusual_access', 'access_review'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY reviewing ON phr.%I FOR SELECT TO phr_app USING (
            (SELECT phr.ctx_internal()) = ''audit'')', t);
    END LOOP;
    -- The person sees that a glass was broken, what the rules found about them, and what a reviewer decided.
    FOREACH t IN ARRAY ARRAY['break_glass', 'unusual_access', 'access_review'] LOOP
        EXECUTE format('CREATE POLICY own ON phr.%I FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()))', t);
    END LOOP;
END $do$;

-- A nurse opens one for the person of the context, in her own name, now, for at most an hour; she sees and closes her own.
CREATE POLICY opening ON phr.break_glass FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'break-glass' AND (SELECT phr.ctx_role()) = 'nurse'
    AND person_id = (SELECT phr.ctx_person()) AND actor = (SELECT phr.ctx_actor())
    AND recipient = (SELECT phr.ctx_recipient()) AND closed_at IS NULL AND reason <> '' AND note <> ''
    AND opened_at = statement_timestamp() AND expires_at <= statement_timestamp() + interval '60 minutes');
CREATE POLICY own_glass ON phr.break_glass FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) IN ('break-glass', 'emergency') AND actor = (SELECT phr.ctx_actor())
    AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY closing ON phr.break_glass FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'break-glass' AND actor = (SELECT phr.ctx_actor()))
    WITH CHECK (closed_at IS NOT NULL AND actor = (SELECT phr.ctx_actor()));

CREATE POLICY register ON phr.watched_person FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
CREATE POLICY finding ON phr.unusual_access FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'audit' AND (SELECT phr.ctx_role()) = 'system');
CREATE POLICY review ON phr.access_review FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'audit' AND reviewer = (SELECT phr.ctx_actor()));

-- The person whose glass is broken, by this caller, now; NULL at any other time. Nothing opens without it.
CREATE FUNCTION phr.ctx_glass() RETURNS uuid LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (SELECT b.person_id FROM phr.break_glass b
        WHERE (SELECT phr.ctx_internal()) = 'emergency' AND (SELECT phr.ctx_role()) = 'nurse'
        AND b.person_id = (SELECT phr.ctx_person()) AND b.actor = (SELECT phr.ctx_actor())
        AND b.recipient = (SELECT phr.ctx_recipient()) AND b.closed_at IS NULL
        AND b.opened_at <= statement_timestamp() AND statement_timestamp() < b.expires_at LIMIT 1);

-- What is seen then: name and birth date, measurements that matter in an emergency, check-ups, and the card that the
-- person wrote for it. No address, nothing of children, no questionnaire, no guidance, no risk, no points.
CREATE POLICY emergency ON phr.person FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_glass()));
CREATE POLICY emergency ON phr.vital_day FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_glass())
    AND category = ANY ('{blood-pressure,heart,glucose,oxygen,temperature,respiration,body}'::text[]));
CREATE POLICY emergency ON phr.vital_chunk FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_glass())
    AND category = ANY ('{blood-pressure,heart,glucose,oxygen,temperature,respiration,body,checkup}'::text[]));
CREATE POLICY emergency_card ON phr.resource FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_glass()) AND type = 'QuestionnaireResponse' AND category = 'questionnaire'
    AND strpos(body, '"questionnaire":"urn:phr:questionnaire:emergency-card|') > 0);

-- The letter that tells the person goes with the glass.
CREATE POLICY posting_break_glass ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'message' AND (SELECT phr.ctx_internal()) = 'break-glass' AND person_id = (SELECT phr.ctx_person()));

-- The review and the search of AuditEvents read by moment, newest first.
CREATE INDEX audit_event_person_at ON phr.audit_event (person_id, at DESC, chain DESC, seq DESC);
CREATE INDEX audit_event_review ON phr.audit_event (at DESC, chain DESC, seq DESC)
    WHERE outcome IN ('refused', 'emergency');

GRANT SELECT, INSERT ON phr.break_glass, phr.unusual_access, phr.access_review TO phr_app;
GRANT UPDATE (closed_at) ON phr.break_glass TO phr_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON phr.watched_person TO phr_app;
