-- Guardians, the days of the tooth-brushing game, classes, and check-ins instead of telephone calls.

-- Who may act for whom. It opens nothing by itself: what a guardian sees is decided by the grants of the consent that was
-- recorded with it. It says who may also enter, what proof the counter saw, and when it ends.
CREATE TABLE phr.guardianship (
    person_id uuid NOT NULL,              -- whose record it is
    guardianship_id uuid NOT NULL,
    guardian_id uuid NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,              -- the guardian as the consent names them
    consent_id text NOT NULL,
    may_enter boolean NOT NULL,
    proof text NOT NULL,
    proof_sha256 text NOT NULL,           -- of the copy that the counter keeps on paper
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    recorded_by text NOT NULL,
    PRIMARY KEY (person_id, guardianship_id)
);
CREATE INDEX guardianship_guardian ON phr.guardianship (guardian_id);

-- One day of the game. Its category is that of the mother-child record, so that the same consents open it.
CREATE TABLE phr.brushing_day (
    person_id uuid NOT NULL,
    day date NOT NULL,
    category text NOT NULL DEFAULT 'child' CHECK (category = 'child'),
    morning boolean NOT NULL,
    evening boolean NOT NULL,
    way text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, day)
);

-- Which class a child's days count in, by a code without a name; the consent to it names Group/code.
CREATE TABLE phr.class_member (
    person_id uuid NOT NULL,
    class_code text NOT NULL,
    consent_id text NOT NULL,
    joined_at timestamptz NOT NULL,
    left_at timestamptz,
    PRIMARY KEY (person_id, class_code)
);
CREATE INDEX class_member_code ON phr.class_member (class_code);

-- Check-ins belong to the mother or father who answers: what they say of themselves is not the child's record.
CREATE TABLE phr.check_in (
    person_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    child_id uuid NOT NULL,
    category text NOT NULL DEFAULT 'questionnaire' CHECK (category = 'questionnaire'),
    day date NOT NULL,
    form text NOT NULL,
    sent_by text NOT NULL,
    sent_at timestamptz NOT NULL,
    answered_at timestamptz,
    way text NOT NULL DEFAULT '',
    urgency text NOT NULL DEFAULT '',
    PRIMARY KEY (person_id, check_in_id)
);

DO $do$
DECLARE
    t record;
    name text;
    -- As in 0001_policies.sql, over the category and the day of the row.
    template text := $gate$
        (SELECT bool_and(v.deepest %% 2 = 0) FROM (
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
    -- table, who may add a row, who may change one
    FOR t IN SELECT * FROM (VALUES
        ('brushing_day', 'collect', 'collect'), ('check_in', 'guidance', 'collect')
    ) AS v(name, adds, changes) LOOP
        EXECUTE format('CREATE POLICY own_or_granted ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self()) OR (%s))', t.name, format(template, t.name));
        EXECUTE format('CREATE POLICY granted_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            (SELECT phr.ctx_purpose()) = %L AND (%s))', t.name, t.adds, format(template, t.name));
        EXECUTE format('CREATE POLICY granted_update ON phr.%I FOR UPDATE TO phr_app USING (
            (SELECT phr.ctx_purpose()) = %L AND (%s))', t.name, t.changes, format(template, t.name));
    END LOOP;
    FOREACH name IN ARRAY ARRAY['guardianship', 'brushing_day', 'class_member', 'check_in'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', name);
    END LOOP;
END $do$;

-- The person sees who acts or acted for them; a guardian sees the living ones of their own.
CREATE POLICY own ON phr.guardianship FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY acting_for ON phr.guardianship FOR SELECT TO phr_app USING (
    guardian_id = (SELECT phr.ctx_self())
    AND starts_at <= statement_timestamp() AND statement_timestamp() < ends_at);
-- While acting: this guardian's own row, and only while a grant lives as well. A nurse sees who acts for whom she guides.
CREATE POLICY acting ON phr.guardianship FOR SELECT TO phr_app USING (
    (((SELECT phr.ctx_purpose()) = 'family' AND recipient = (SELECT phr.ctx_recipient())) OR (SELECT phr.ctx_purpose()) = 'guidance')
    AND starts_at <= statement_timestamp() AND statement_timestamp() < ends_at
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = guardianship.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));
CREATE POLICY recording ON phr.guardianship FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));

CREATE POLICY own ON phr.class_member FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY granted ON phr.class_member FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'family'
    AND (person_id = (SELECT phr.ctx_person()) OR 'Group/' || class_code = (SELECT phr.ctx_recipient()))
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = class_member.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));
CREATE POLICY recording ON phr.class_member FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));

-- A guardian who acts sees what guardians did, and nothing of what nurses or others read.
CREATE POLICY of_guardians ON phr.audit_event FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'family' AND person_id = (SELECT phr.ctx_person())
    AND (purpose = 'family' OR (purpose = 'collect' AND role = 'resident'))
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = audit_event.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));

GRANT SELECT, INSERT, UPDATE ON phr.guardianship, phr.brushing_day, phr.class_member, phr.check_in TO phr_app;
