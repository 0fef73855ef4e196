-- Row-level security: FORCE on every table with personal data; no context means no rows.

DO $do$
DECLARE
    t record;
    gate text;
    -- The rule of consent.decide over the materialised rows. The verdict of each consent is that of its deepest
    -- matching row, deny first among equals (an even rank permits, an odd one denies); one that denies closes, and
    -- where none matches the answer is NULL, which is no. A kind of data that consents do not know is never shown.
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
    $gate$;
BEGIN
    -- table, which purposes may write
    FOR t IN SELECT * FROM (VALUES
        ('vital_chunk', 'collect'), ('vital_day', 'collect'), ('vital_conflict', 'collect'),
        ('quarantine', 'collect'), ('work_item', 'guidance,collect'), ('work_event', 'guidance,collect'),
        ('points_event', 'points'), ('resource', 'collect,guidance,risk'), ('resource_history', 'collect,guidance,risk')
    ) AS v(name, writers) LOOP
        gate := format(template, t.name);
        EXECUTE format('CREATE POLICY own_or_granted ON phr.%I FOR SELECT TO phr_app USING (
            person_id = (SELECT phr.ctx_self()) OR (%s))', t.name, gate);
        EXECUTE format('CREATE POLICY granted_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            (SELECT phr.ctx_purpose()) = ANY (string_to_array(%L, '','')) AND (%s))', t.name, t.writers, gate);
        EXECUTE format('CREATE POLICY granted_update ON phr.%I FOR UPDATE TO phr_app USING (
            (SELECT phr.ctx_purpose()) = ANY (string_to_array(%L, '','')) AND (%s))', t.name, t.writers, gate);
    END LOOP;

    -- Every table has its door, but for three that hold numbers of the service only.
    FOR t IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'phr'
             AND tablename NOT IN ('alembic_version', 'audit_head', 'heartbeat') LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t.name);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t.name);
    END LOOP;
END $do$;

-- Grants: a context sees those that speak of its own purpose and recipient, and the person all of theirs.
CREATE POLICY of_this_context ON phr.consent_grant FOR SELECT TO phr_app USING (
    audience = ANY ((SELECT phr.ctx_audiences())::text[]) OR person_id = (SELECT phr.ctx_owner()));
CREATE POLICY recording ON phr.consent_grant FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY replacing ON phr.consent_grant FOR DELETE TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));

-- Consent and Patient documents are no health data: their own doors.
CREATE POLICY consent_record ON phr.resource FOR ALL TO phr_app
    USING (category = 'consent' AND (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK (category = 'consent' AND (SELECT phr.ctx_internal()) = 'consent'
                AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY consent_record ON phr.resource_history FOR ALL TO phr_app
    USING (category = 'consent' AND (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK (category = 'consent' AND (SELECT phr.ctx_internal()) = 'consent'
                AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY identity ON phr.resource FOR ALL TO phr_app
    USING (category = 'identity' AND (SELECT phr.ctx_internal()) = 'register')
    WITH CHECK (category = 'identity' AND (SELECT phr.ctx_internal()) = 'register');
CREATE POLICY identity ON phr.resource_history FOR ALL TO phr_app
    USING (category = 'identity' AND (SELECT phr.ctx_internal()) = 'register')
    WITH CHECK (category = 'identity' AND (SELECT phr.ctx_internal()) = 'register');
CREATE POLICY identity_of_granted ON phr.resource FOR SELECT TO phr_app USING (
    category = 'identity' AND (SELECT phr.ctx_purpose()) IS NOT NULL
    AND (SELECT phr.ctx_purpose()) <> 'research-deidentified'
    AND EXISTS (SELECT 1 FROM phr.person p WHERE p.person_id = resource.person_id));

-- A person is known to whoever holds any live grant of theirs for the purpose at hand.
CREATE POLICY self ON phr.person FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
-- OFFSET 0 keeps the planner from reading everybody's grants at once for one person.
DO $do$
DECLARE
    t text;
    any_grant text := $gate$
        EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = %1$I.person_id AND g.effect = 'permit'
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0)
    $gate$;
BEGIN
    -- Names and devices are not for research without names; it knows a person by traits alone.
    FOREACH t IN ARRAY ARRAY['person', 'vital_source'] LOOP
        EXECUTE format('CREATE POLICY granted ON phr.%I FOR SELECT TO phr_app USING ('
            '(SELECT phr.ctx_purpose()) IS DISTINCT FROM ''research-deidentified'' AND %s)', t, format(any_grant, t));
    END LOOP;
    EXECUTE format('CREATE POLICY granted ON phr.person_trait FOR SELECT TO phr_app USING (%s)',
                   format(any_grant, 'person_trait'));
END $do$;
CREATE POLICY self ON phr.person_trait FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY register ON phr.person_trait FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
CREATE POLICY register ON phr.person FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
CREATE POLICY recording ON phr.person FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person()));

-- Sources carry device names: whoever may know the person may know them; only collecting writes them.
CREATE POLICY self ON phr.vital_source FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY collecting ON phr.vital_source FOR INSERT TO phr_app WITH CHECK (
    (SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));

-- Counts of what was refused: written while collecting, read by the person and (as counts) by the operator.
CREATE POLICY collecting ON phr.intake_count FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY reading ON phr.intake_count FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_self()) OR (SELECT phr.ctx_internal()) = 'operate');
CREATE POLICY collecting ON phr.import_mark FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));

-- Outbox: a sealed context may post a letter about its own person, to the ledger only for points; only the deliverer
-- opens the box.
CREATE POLICY posting ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    person_id = (SELECT phr.ctx_person())
    AND ((SELECT phr.ctx_purpose()) IN ('points', 'guidance', 'collect', 'self')
         OR (SELECT phr.ctx_internal()) = 'consent')
    AND (kind <> 'ledger' OR (SELECT phr.ctx_purpose()) = 'points'));
CREATE POLICY own ON phr.outbox FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
CREATE POLICY delivering ON phr.outbox FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) IN ('deliver', 'operate'));
CREATE POLICY delivered ON phr.outbox FOR UPDATE TO phr_app USING ((SELECT phr.ctx_internal()) = 'deliver');

-- Releases: members are seen by themselves and by the exporting purpose while their grant lives.
CREATE POLICY own ON phr.release_member FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_self())
    OR ((SELECT phr.ctx_internal()) = 'consent' AND person_id = (SELECT phr.ctx_person())));
CREATE POLICY exporting ON phr.release_member FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) IN ('research-deidentified', 'research-identifiable')
           AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) IN ('research-deidentified', 'research-identifiable')
                AND recipient = (SELECT phr.ctx_recipient()));

-- A release and its files are for its recipient; the operator sees that there is one, not what is in it.
CREATE POLICY of_recipient ON phr.release FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) IN ('research-deidentified', 'research-identifiable')
           AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) IN ('research-deidentified', 'research-identifiable')
                AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY operating ON phr.release FOR SELECT TO phr_app USING ((SELECT phr.ctx_internal()) = 'operate');
CREATE POLICY of_recipient ON phr.release_file FOR ALL TO phr_app
    USING (EXISTS (SELECT 1 FROM phr.release r WHERE r.release_id = release_file.release_id
                   AND r.recipient = (SELECT phr.ctx_recipient())))
    WITH CHECK (EXISTS (SELECT 1 FROM phr.release r WHERE r.release_id = release_file.release_id
                        AND r.recipient = (SELECT phr.ctx_recipient())
                        AND (SELECT phr.ctx_purpose()) IS NOT NULL));

-- Roots of days are for everybody; only the review makes one, so that nobody can put a false one in its place.
CREATE POLICY published ON phr.audit_root FOR SELECT TO phr_app USING (true);
CREATE POLICY sealing ON phr.audit_root FOR INSERT TO phr_app WITH CHECK ((SELECT phr.ctx_internal()) = 'audit');

-- Audit: the person reads what concerns them, the reviewer everything; phr_audit appends through its function.
CREATE POLICY own ON phr.audit_event FOR SELECT TO phr_app USING (
    person_id = (SELECT phr.ctx_self()) OR (SELECT phr.ctx_internal()) = 'audit');
CREATE POLICY append ON phr.audit_event FOR INSERT TO phr_audit WITH CHECK (true);

-- Accounts and sessions: only while signing somebody in or managing users.
CREATE POLICY session ON phr.account FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) IN ('session', 'register'))
    WITH CHECK ((SELECT phr.ctx_internal()) IN ('session', 'register'));
CREATE POLICY session ON phr.session FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'session') WITH CHECK ((SELECT phr.ctx_internal()) = 'session');

-- Privileges: what the service may do at all.
GRANT USAGE ON SCHEMA phr TO phr_app, phr_audit, phr_seal;
GRANT USAGE ON SCHEMA phr_private TO phr_seal;
GRANT SELECT ON phr_private.seal_key TO phr_seal;
GRANT SELECT, INSERT, UPDATE ON phr.person, phr.person_trait, phr.vital_chunk, phr.vital_day, phr.work_item, phr.resource,
    phr.intake_count, phr.import_mark, phr.outbox, phr.account, phr.session, phr.quarantine, phr.release,
    phr.heartbeat TO phr_app;
GRANT SELECT, INSERT ON phr.vital_source, phr.vital_conflict, phr.resource_history, phr.work_event, phr.points_event,
    phr.release_file, phr.release_member, phr.audit_root TO phr_app;
GRANT DELETE ON phr.release_file TO phr_app;
GRANT SELECT, INSERT, DELETE ON phr.consent_grant TO phr_app;
GRANT SELECT ON phr.audit_event, phr.audit_head TO phr_app;
GRANT INSERT ON phr.audit_event TO phr_audit;
GRANT SELECT, UPDATE ON phr.audit_head TO phr_audit;
