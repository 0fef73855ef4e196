-- Programmes of guidance, who is in them, the devices that are lent, and the reports that were made of them.

-- A programme and its years before: numbers of the city, nothing about anybody.
CREATE TABLE phr.programme (
    programme_id uuid PRIMARY KEY,
    recipient text NOT NULL,              -- the organisation that runs it, as consents name it
    name text NOT NULL,
    target text NOT NULL,                 -- the rule of entry, in words
    by_threshold boolean NOT NULL,        -- entry asked for a high or low value
    starts date NOT NULL,
    ends date NOT NULL,
    primary_outcome text NOT NULL,        -- named when the programme is made, never after
    years_before jsonb NOT NULL,          -- [{"year", "invited", "took_part"}]
    members bigint NOT NULL DEFAULT 0,    -- ever recorded: what a report lacks of it could not be used
    devices bigint NOT NULL DEFAULT 0,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    CHECK (ends > starts)
);

-- Who is in it, and in which group. Its kind of data is guidance, its day the one of the invitation, so that the
-- consent to guidance opens it and its withdrawal closes it.
CREATE TABLE phr.programme_member (
    person_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    category text NOT NULL DEFAULT 'guidance',
    day date NOT NULL,
    cohort text NOT NULL CHECK (cohort IN ('invited', 'volunteered', 'not-invited')),
    enrolled_on date,
    completed_on date,
    withdrew_on date,
    recorded_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, programme_id)
);
CREATE INDEX programme_member_programme ON phr.programme_member (programme_id);

-- A device that a person has on loan. Its serial number stays out: a keyed hash finds it again.
CREATE TABLE phr.lent_device (
    person_id uuid NOT NULL,
    loan_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    category text NOT NULL DEFAULT 'guidance',
    day date NOT NULL,                    -- lent
    kind text NOT NULL,
    serial_hash text NOT NULL,
    returned_on date,
    lost_on date,
    recorded_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, loan_id)
);
CREATE INDEX lent_device_programme ON phr.lent_device (programme_id);
CREATE INDEX lent_device_serial ON phr.lent_device (serial_hash);

-- What a run found: sums and estimates over groups, never a row about one person.
CREATE TABLE phr.programme_report (
    report_id uuid PRIMARY KEY,
    programme_id uuid NOT NULL REFERENCES phr.programme (programme_id),
    recipient text NOT NULL,
    made_by text NOT NULL,
    made_at timestamptz NOT NULL,
    content jsonb NOT NULL
);
CREATE INDEX programme_report_programme ON phr.programme_report (programme_id, made_at);

DO $do$
DECLARE
    t text;
    -- The gate of 0001, for rows that only guidance writes.
    template text := $gate$
        %1$I.category = 'guidance'
        AND (SELECT bool_and(v.deepest %% 2 = 0) FROM (
            SELECT max(2 * g.depth + CASE g.effect WHEN 'permit' THEN 0 ELSE 1 END) AS deepest
            FROM phr.consent_grant g
            WHERE g.person_id = %1$I.person_id
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND (g.category = %1$I.category OR g.category = '*')
            AND %1$I.day >= g.data_from AND %1$I.day <= g.data_to
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to
            GROUP BY g.consent_id) v)
        AND (SELECT phr.ctx_purpose()) = 'guidance'
    $gate$;
BEGIN
    FOREACH t IN ARRAY ARRAY['programme', 'programme_member', 'lent_device', 'programme_report'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['programme_member', 'lent_device'] LOOP
        EXECUTE format('CREATE POLICY own_or_granted ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self()) OR (%s))', t, format(template, t));
        EXECUTE format('CREATE POLICY granted_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (%s)',
            t, format(template, t));
        EXECUTE format('CREATE POLICY granted_update ON phr.%I FOR UPDATE TO phr_app USING (%s)',
            t, format(template, t));
    END LOOP;
    FOREACH t IN ARRAY ARRAY['programme', 'programme_report'] LOOP
        EXECUTE format($policy$CREATE POLICY of_recipient ON phr.%I FOR ALL TO phr_app
            USING ((SELECT phr.ctx_purpose()) = 'guidance' AND recipient = (SELECT phr.ctx_recipient()))
            WITH CHECK ((SELECT phr.ctx_purpose()) = 'guidance' AND recipient = (SELECT phr.ctx_recipient()))$policy$, t);
    END LOOP;
END $do$;
GRANT SELECT, INSERT, UPDATE ON phr.programme, phr.programme_member, phr.lent_device TO phr_app;
GRANT SELECT, INSERT ON phr.programme_report TO phr_app;
