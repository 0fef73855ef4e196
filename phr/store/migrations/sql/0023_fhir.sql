-- FHIR documents that no consent names (unclassified), the directory, which is about nobody, and deleting what is one's own.

DO $do$
DECLARE
    t text;
    -- Whether anything may be collected for this context: a live permit, and no live denial of everything.
    -- OFFSET 0 keeps the planner from reading everybody's grants at once for one person.
    collecting text := $gate$
        (SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person())
        AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = %1$I.person_id AND g.effect = 'permit'
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = %1$I.person_id AND g.effect <> 'permit'
            AND g.category = '*' AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0)
    $gate$;
    -- Nobody but the person sees these rows; what they write is written in a collecting context about themselves.
    own text := $own$
        (SELECT phr.ctx_purpose()) = 'collect' AND (SELECT phr.ctx_role()) = 'resident'
        AND person_id = (SELECT phr.ctx_person())
    $own$;
    nobody text := $nobody$
        category = 'directory' AND person_id = '00000000-0000-0000-0000-000000000000'
    $nobody$;
    known text := $known$
        coalesce((SELECT phr.ctx_purpose()), (SELECT phr.ctx_internal()), 'research-deidentified') <> 'research-deidentified'
    $known$;
BEGIN
    FOREACH t IN ARRAY ARRAY['resource', 'resource_history'] LOOP
        EXECUTE format('CREATE POLICY unclassified_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            category = ''unclassified'' AND (%s))', t, format(collecting, t));
        EXECUTE format('CREATE POLICY unclassified_own ON phr.%I FOR SELECT TO phr_app USING (
            category = ''unclassified'' AND %s)', t, own);
        EXECUTE format('CREATE POLICY directory_read ON phr.%I FOR SELECT TO phr_app USING (%s AND %s)', t, nobody, known);
        EXECUTE format('CREATE POLICY directory_insert ON phr.%I FOR INSERT TO phr_app WITH CHECK (
            %s AND (SELECT phr.ctx_role()) IN (''nurse'', ''registrar'', ''operator'') AND %s)', t, nobody, known);
        -- Whose a record is may delete it, whatever is consented: a version without anything in it. What the service and
        -- its nurses wrote (guidance) stays theirs to end.
        EXECUTE format('CREATE POLICY own_deleted_%s ON phr.%I FOR %s TO phr_app %s WITH CHECK (
            person_id = (SELECT phr.ctx_self()) AND deleted AND category <> ALL (''{consent,identity,guidance}''::text[]))',
            CASE t WHEN 'resource' THEN 'update' ELSE 'insert' END, t,
            CASE t WHEN 'resource' THEN 'UPDATE' ELSE 'INSERT' END,
            CASE t WHEN 'resource' THEN 'USING (person_id = (SELECT phr.ctx_self())
                AND category <> ALL (''{consent,identity,guidance}''::text[]))' ELSE '' END);
    END LOOP;
    EXECUTE format('CREATE POLICY unclassified_update ON phr.resource FOR UPDATE TO phr_app
        USING (category = ''unclassified'' AND %s) WITH CHECK (category = ''unclassified'' AND (%s))',
        own, format(collecting, 'resource'));
    EXECUTE format('CREATE POLICY directory_update ON phr.resource FOR UPDATE TO phr_app
        USING (%s AND (SELECT phr.ctx_role()) IN (''nurse'', ''registrar'', ''operator''))
        WITH CHECK (%s AND (SELECT phr.ctx_role()) IN (''nurse'', ''registrar'', ''operator''))', nobody, nobody);
END $do$;

-- The history of a person, newest first.
CREATE INDEX resource_history_person_at ON phr.resource_history (person_id, updated_at);
