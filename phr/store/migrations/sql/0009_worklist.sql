-- Capacity of nurses, escalations, saved transfers, reviewed samples, and addresses with their block.
-- The order among cases of one kind: our own model sorts the nurses' list and nothing else (higher first).
ALTER TABLE phr.work_item ADD COLUMN rank double precision NOT NULL DEFAULT 0;
-- R5-4: new, seen by a nurse, contacted; closed is the state. Reset when a case is opened anew.
ALTER TABLE phr.work_item ADD COLUMN stage text NOT NULL DEFAULT 'new';
ALTER TABLE phr.work_item ADD COLUMN escalated_at timestamptz;
CREATE INDEX work_item_holder ON phr.work_item (holder) WHERE holder IS NOT NULL;

-- What became of a value that cannot be true, and who decided it.
ALTER TABLE phr.quarantine ADD COLUMN reviewed_by text NOT NULL DEFAULT '';
ALTER TABLE phr.quarantine ADD COLUMN reviewed_at timestamptz;
ALTER TABLE phr.quarantine ADD COLUMN review_note text NOT NULL DEFAULT '';

-- The actor of the context, for what a single account may do more than its role.
CREATE FUNCTION phr.ctx_actor() RETURNS text LANGUAGE sql STABLE PARALLEL RESTRICTED
    RETURN (phr.sealed_context())[5];

-- Special duties of single nurses, given by those who manage accounts and by nobody else.
CREATE TABLE phr.nurse_duty (
    recipient text NOT NULL,
    subject text NOT NULL,
    lead boolean NOT NULL DEFAULT false,      -- sets capacities and hands over the cases of others
    protected boolean NOT NULL DEFAULT false, -- sees the addresses of people under a protective measure (支援措置)
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (recipient, subject)
);
CREATE POLICY registering ON phr.nurse_duty FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register' AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_internal()) = 'register' AND recipient = (SELECT phr.ctx_recipient()));
CREATE POLICY of_recipient ON phr.nurse_duty FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'guidance' AND recipient = (SELECT phr.ctx_recipient()));

-- How many open cases a nurse follows, and who stands in for her from when until when.
CREATE TABLE phr.nurse_plan (
    recipient text NOT NULL,
    subject text NOT NULL,
    capacity integer NOT NULL CHECK (capacity BETWEEN 0 AND 1000),
    substitute text NOT NULL DEFAULT '',
    away_from date,
    away_until date,
    updated_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (recipient, subject)
);
CREATE POLICY of_recipient ON phr.nurse_plan FOR ALL TO phr_app
    USING ((SELECT phr.ctx_purpose()) = 'guidance' AND recipient = (SELECT phr.ctx_recipient()))
    WITH CHECK ((SELECT phr.ctx_purpose()) = 'guidance' AND recipient = (SELECT phr.ctx_recipient()));

-- Names are found by kana in one writing; the block is told, the address behind it is not.
ALTER TABLE phr.person ADD COLUMN kana_key text NOT NULL DEFAULT '';
ALTER TABLE phr.person ADD COLUMN guarded boolean NOT NULL DEFAULT false;
CREATE INDEX person_kana_key ON phr.person (kana_key text_pattern_ops);
CREATE INDEX person_birth_date ON phr.person (birth_date);

-- Where people live, apart from who they are, because a row is shown or hidden as a whole.
CREATE TABLE phr.person_address (
    person_id uuid PRIMARY KEY,
    text text NOT NULL,
    address_key text NOT NULL,  -- in one writing, by which a household is found
    guarded boolean NOT NULL DEFAULT false
);
CREATE INDEX person_address_key ON phr.person_address (address_key text_pattern_ops);
CREATE POLICY register ON phr.person_address FOR ALL TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'register') WITH CHECK ((SELECT phr.ctx_internal()) = 'register');
CREATE POLICY self ON phr.person_address FOR SELECT TO phr_app USING (person_id = (SELECT phr.ctx_self()));
-- OFFSET 0 keeps the planner from reading everybody's grants at once for one person.
CREATE POLICY granted ON phr.person_address FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'guidance'
    AND (NOT guarded OR (SELECT EXISTS (SELECT 1 FROM phr.nurse_duty d WHERE d.protected
        AND d.recipient = (SELECT phr.ctx_recipient()) AND d.subject = (SELECT phr.ctx_actor()))))
    AND EXISTS (SELECT 1 FROM phr.consent_grant g WHERE g.person_id = person_address.person_id AND g.effect = 'permit'
        AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
        AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to OFFSET 0));

-- A Patient holds address and telephone: behind a block it is for the person, and for whoever has the duty.
DROP POLICY identity_of_granted ON phr.resource;
CREATE POLICY identity_of_granted ON phr.resource FOR SELECT TO phr_app USING (
    category = 'identity' AND (SELECT phr.ctx_purpose()) IS NOT NULL
    AND (SELECT phr.ctx_purpose()) <> 'research-deidentified'
    AND EXISTS (SELECT 1 FROM phr.person p WHERE p.person_id = resource.person_id AND (NOT p.guarded
        OR p.person_id = (SELECT phr.ctx_self())
        OR (SELECT EXISTS (SELECT 1 FROM phr.nurse_duty d WHERE d.protected
            AND d.recipient = (SELECT phr.ctx_recipient()) AND d.subject = (SELECT phr.ctx_actor()))))));

-- Unlikely values that somebody confirmed or rejected: whatever is delivered again, the decision stands.
CREATE TABLE phr.sample_review (
    person_id uuid NOT NULL,
    code text NOT NULL,
    day date NOT NULL,
    source_id uuid NOT NULL,
    start_us bigint NOT NULL,
    fingerprint text NOT NULL,
    category text NOT NULL,
    verdict text NOT NULL,   -- confirmed, rejected
    reason text NOT NULL DEFAULT '',
    actor text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (person_id, code, day, source_id, start_us, fingerprint)
);
DO $do$
DECLARE
    t text;
    gate text := $gate$
        sample_review.category = ANY ('{activity,heart,blood-pressure,body,sleep,glucose,temperature,oxygen,respiration,nutrition,checkup,questionnaire,guidance,child}'::text[])
        AND (SELECT bool_and(v.deepest % 2 = 0) FROM (
            SELECT max(2 * g.depth + CASE g.effect WHEN 'permit' THEN 0 ELSE 1 END) AS deepest
            FROM phr.consent_grant g
            WHERE g.person_id = sample_review.person_id
            AND g.audience = ANY ((SELECT phr.ctx_audiences())::text[])
            AND (g.category = sample_review.category OR g.category = '*')
            AND sample_review.day >= g.data_from AND sample_review.day <= g.data_to
            AND g.valid_from <= statement_timestamp() AND statement_timestamp() < g.valid_to
            GROUP BY g.consent_id) v)
    $gate$;
BEGIN
    EXECUTE 'CREATE POLICY own_or_granted ON phr.sample_review FOR SELECT TO phr_app USING (
        person_id = (SELECT phr.ctx_self()) OR (' || gate || '))';
    EXECUTE 'CREATE POLICY granted_insert ON phr.sample_review FOR INSERT TO phr_app WITH CHECK (
        (SELECT phr.ctx_purpose()) = ''collect'' AND (' || gate || '))';
    FOREACH t IN ARRAY ARRAY['nurse_duty', 'nurse_plan', 'person_address', 'sample_review'] LOOP
        EXECUTE format('ALTER TABLE phr.%I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE phr.%I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
END $do$;
-- The summary of a day goes when its last value was rejected; the chunk stays, empty, with its version.
CREATE POLICY rejecting ON phr.vital_day FOR DELETE TO phr_app USING (
    (SELECT phr.ctx_purpose()) = 'collect' AND person_id = (SELECT phr.ctx_person()));

GRANT SELECT, INSERT, UPDATE ON phr.nurse_duty, phr.nurse_plan, phr.person_address TO phr_app;
GRANT SELECT, INSERT ON phr.sample_review TO phr_app;
GRANT DELETE ON phr.vital_day TO phr_app;
