-- Retraction: results and cases that rest on data no longer shared lose their values in the transaction that withdraws.
-- The context for it (erase) is about one person, reaches results and cases and nothing that was measured, and can only
-- take away: a result becomes cancelled, a case closed, without reasons, basis and rank.
CREATE POLICY retracting ON phr.resource FOR SELECT TO phr_app USING (
    type = 'RiskAssessment' AND (SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY retracted ON phr.resource FOR UPDATE TO phr_app
    USING (type = 'RiskAssessment' AND (SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK (type = 'RiskAssessment' AND status = 'cancelled' AND (SELECT phr.ctx_internal()) = 'erase'
                AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY retracted ON phr.resource_history FOR INSERT TO phr_app WITH CHECK (
    type = 'RiskAssessment' AND (SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY retracting ON phr.work_item FOR SELECT TO phr_app USING (
    (SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY retracted ON phr.work_item FOR UPDATE TO phr_app
    USING ((SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()))
    WITH CHECK (state = 'closed' AND reasons = '[]'::jsonb AND basis = '{}'::jsonb AND rank = 0
                AND (SELECT phr.ctx_internal()) = 'erase' AND person_id = (SELECT phr.ctx_person()));
CREATE POLICY retracted ON phr.work_event FOR INSERT TO phr_app WITH CHECK (
    event = 'retracted' AND note = '' AND (SELECT phr.ctx_internal()) = 'erase'
    AND person_id = (SELECT phr.ctx_person()));
