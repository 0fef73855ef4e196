-- Acting for somebody else: the session says for whom, and a representation says whether points may be used.
-- Neither opens anything: every request asks the door anew, and the door knows the end and the consent.
ALTER TABLE phr.session ADD COLUMN acting_for uuid;
ALTER TABLE phr.guardianship ADD COLUMN may_points boolean NOT NULL DEFAULT false;

-- Whether points have reached the ledger, for who may use them.
CREATE POLICY of_guardians ON phr.outbox FOR SELECT TO phr_app USING (
    kind = 'ledger' AND (SELECT phr.ctx_purpose()) = 'family' AND person_id = (SELECT phr.ctx_person())
    AND EXISTS (SELECT 1 FROM phr.guardianship g WHERE g.person_id = outbox.person_id AND g.may_points
        AND g.recipient = (SELECT phr.ctx_recipient()) OFFSET 0));
