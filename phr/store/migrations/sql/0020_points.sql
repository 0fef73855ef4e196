-- Points: what fraud signals were found about points, what a person decided, and what the resident answered.

-- An award that a person looks at. While it is held (posted is false) nothing of it is in points_event or in the
-- outbox, so that the ledger cannot know of it; a signal about what was awarded before (posted is true) changes
-- nothing by itself. Nothing is taken back without decided_by and a reason that the resident reads.
CREATE TABLE phr.points_review (
    person_id uuid NOT NULL,
    review_id uuid NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    event text NOT NULL,
    variant text NOT NULL,
    occasion text NOT NULL,
    event_key text NOT NULL,
    points integer NOT NULL,
    recording text NOT NULL,
    evidence text NOT NULL,
    uploaded date NOT NULL,                 -- when the data came in: a late decision is no late delivery
    signals text[] NOT NULL,
    posted boolean NOT NULL,
    recorded_by text NOT NULL DEFAULT '',   -- staff who keyed the evidence in: they do not decide about it
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'released', 'reversed')),
    reason text NOT NULL DEFAULT '',
    decided_by text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL,
    decided_at timestamptz,
    PRIMARY KEY (person_id, review_id),
    CHECK ((state = 'open') = (decided_by = '')),
    CHECK (state <> 'reversed' OR reason <> '')
);
CREATE UNIQUE INDEX points_review_key ON phr.points_review (person_id, event_key);
CREATE INDEX points_review_open ON phr.points_review (state, opened_at);

-- What the resident says to a review; it can be added to, never changed.
CREATE TABLE phr.points_answer (
    person_id uuid NOT NULL,
    answer_id uuid NOT NULL,
    review_id uuid NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    text text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, answer_id)
);

-- A step goal that a nurse agreed with the person; the newest counts.
CREATE TABLE phr.step_goal (
    person_id uuid NOT NULL,
    goal_id uuid NOT NULL,
    category text NOT NULL DEFAULT 'activity',
    day date NOT NULL,                      -- from which it counts
    steps integer NOT NULL,
    set_by text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, goal_id)
);

DO $do$
DECLARE
    t text;
    -- The gate of 0001_policies.sql.
    template text := $gate$
        %1$I.category = ANY ('{activity,heart,blood-pressure,body,sleep,glucose,temperature,oxygen,respiration,nutrition,checkup,questionnaire,guidance,child}'::text[])
        AND (SELECT bool_and(v.deepest %% 2 = 0) FROM (
            SELECT max(2 * g.depth + CASE g.effect WHEN 'permit' THEN 0 ELSE 1 END) AS deepest
            FROM phr.consent_grant g
            WHERE g.person_id = %1$I.person_id
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND (g.category = %1$I.category OR g.category = '*')
            AND %1$I.day >= g.data_from AND %1$I.day <= g.data_to
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to
            GROUP BY g.consent_id) v)
        AND (SELECT phr.ctx_purpose()) = 'points'
    $gate$;
BEGIN
    FOREACH t IN ARRAY ARRAY['points_review', 'points_answer', 'step_goal'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY own_or_granted ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self()) OR (%s))', t, format(template, t));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['points_review', 'step_goal'] LOOP
        EXECUTE format('CREATE POLICY granted_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (%s)',
            t, format(template, t));
    END LOOP;
    EXECUTE format('CREATE POLICY granted_update ON phr.points_review FOR UPDATE TO phr_app USING (%s)',
        format(template, 'points_review'));
END $do$;
CREATE POLICY answering ON phr.points_answer FOR INSERT TO phr_app WITH CHECK (
    person_id = (SELECT phr.ctx_self()));

-- The nightly round posts for many people at once: the service itself, for points, about whoever shares for points.
CREATE POLICY rounding ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    kind = 'ledger' AND (SELECT phr.ctx_purpose()) = 'points' AND (SELECT phr.ctx_role()) = 'system'
    AND (SELECT phr.ctx_person()) IS NULL
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = outbox.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));

GRANT SELECT, INSERT, UPDATE ON phr.points_review TO phr_app;
GRANT SELECT, INSERT ON phr.points_answer, phr.step_goal TO phr_app;
