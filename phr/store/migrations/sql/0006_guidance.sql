-- Specific health guidance: courses, their events, and what was handed to an insurer.
-- A course rests on a check-up, so its row (with the level) and its first event (with waist and weight) are of the
-- category checkup and the day of the check-up; every later event is of the category guidance and its own day.
CREATE TABLE phr.guidance_course (
    person_id uuid NOT NULL,
    course_id uuid NOT NULL,
    category text NOT NULL,
    day date NOT NULL,                     -- of the check-up
    level text NOT NULL,
    edition text NOT NULL,
    insurer_no text NOT NULL,              -- who is responsible, as it was when the course began
    state text NOT NULL,
    due date,                              -- first day of the evaluation
    next_day date,                         -- the next appointment
    version integer NOT NULL,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, course_id)
);
-- One course for a check-up; who declined or stopped may begin anew.
CREATE UNIQUE INDEX guidance_course_checkup ON phr.guidance_course (person_id, day)
    WHERE state NOT IN ('declined', 'dropped-out');
CREATE INDEX guidance_course_open ON phr.guidance_course (state, due);
CREATE TABLE phr.guidance_event (
    person_id uuid NOT NULL,
    course_id uuid NOT NULL,
    version integer NOT NULL,
    category text NOT NULL,
    day date NOT NULL,
    event text NOT NULL,
    body jsonb NOT NULL,
    actor text NOT NULL,
    licence text NOT NULL,                 -- of who recorded it; empty for the service itself
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, course_id, version)
);
-- What left the house: which version of a course, to whom, in which file. It holds no value of anybody.
CREATE TABLE phr.guidance_handover (
    person_id uuid NOT NULL,
    course_id uuid NOT NULL,
    number integer NOT NULL,               -- 1, 2, ...: a later one replaces the earlier
    category text NOT NULL,
    day date NOT NULL,
    insurer_no text NOT NULL,
    course_version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, course_id, number)
);
DO $do$
DECLARE
    t record;
    gate text;
    -- The same rule as in 0001_policies: the deepest matching line of each consent, deny first among equals.
    template text := $gate$
        %1$I.category = ANY ('{checkup,guidance}'::text[])
        AND (SELECT bool_and(v.deepest %% 2 = 0) FROM (
            SELECT max(2 * g.depth + CASE g.effect WHEN 'permit' THEN 0 ELSE 1 END) AS deepest
            FROM phr.consent_grant g
            WHERE g.person_id = %1$I.person_id
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND (g.category = %1$I.category OR g.category = '*')
            AND %1$I.day >= g.data_from AND %1$I.day <= g.data_to
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to
            GROUP BY g.consent_id) v)
    $gate$;
BEGIN
    -- Courses and events are read for guidance, by the insurer's hand-over and by the person; points and reports ask
    -- under their own purpose. Only guidance writes them, and only a hand-over writes what was handed over.
    FOR t IN SELECT * FROM (VALUES
        ('guidance_course', 'guidance'), ('guidance_event', 'guidance'), ('guidance_handover', 'insurer')
    ) AS v(name, writer) LOOP
        gate := format(template, t.name);
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t.name);
        EXECUTE format('CREATE POLICY own_or_granted ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self()) OR (%s))', t.name, gate);
        EXECUTE format('CREATE POLICY granted_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            (SELECT phr.ctx_purpose()) = %L AND (%s))', t.name, t.writer, gate);
    END LOOP;
    gate := format(template, 'guidance_course');
    EXECUTE format('CREATE POLICY granted_update ON phr.guidance_course FOR UPDATE TO phr_app USING (
        (SELECT phr.ctx_purpose()) = ''guidance'' AND (%s))', gate);
END $do$;
GRANT SELECT, INSERT, UPDATE ON phr.guidance_course TO phr_app;
GRANT SELECT, INSERT ON phr.guidance_event, phr.guidance_handover TO phr_app;
