-- Takes it away.
REVOKE DELETE ON phr.vital_day FROM phr_app;
DROP POLICY rejecting ON phr.vital_day;
DROP TABLE phr.sample_review;
DROP POLICY identity_of_granted ON phr.resource;
CREATE POLICY identity_of_granted ON phr.resource FOR SELECT TO phr_app USING (
    category = 'identity' AND (SELECT phr.ctx_purpose()) IS NOT NULL
    AND (SELECT phr.ctx_purpose()) <> 'research-deidentified'
    AND EXISTS (SELECT 1 FROM phr.person p WHERE p.person_id = resource.person_id));
DROP TABLE phr.person_address;
DROP INDEX phr.person_birth_date;
DROP INDEX phr.person_kana_key;
ALTER TABLE phr.person DROP COLUMN guarded;
ALTER TABLE phr.person DROP COLUMN kana_key;
DROP TABLE phr.nurse_plan;
DROP TABLE phr.nurse_duty;
DROP FUNCTION phr.ctx_actor();
ALTER TABLE phr.quarantine DROP COLUMN review_note;
ALTER TABLE phr.quarantine DROP COLUMN reviewed_at;
ALTER TABLE phr.quarantine DROP COLUMN reviewed_by;
DROP INDEX phr.work_item_holder;
ALTER TABLE phr.work_item DROP COLUMN escalated_at;
ALTER TABLE phr.work_item DROP COLUMN stage;
ALTER TABLE phr.work_item DROP COLUMN rank;
