-- Takes the connections away, with their tokens and bookmarks.
DROP TABLE phr.cloud_notice, phr.cloud_attempt, phr.cloud_bookmark, phr.cloud_secret, phr.cloud_connection;
DROP POLICY posting ON phr.outbox;
CREATE POLICY posting ON phr.outbox FOR INSERT TO phr_app WITH CHECK (
    person_id = (SELECT phr.ctx_person())
    AND ((SELECT phr.ctx_purpose()) IN ('points', 'guidance', 'collect', 'self')
         OR (SELECT phr.ctx_internal()) = 'consent')
    AND (kind <> 'ledger' OR (SELECT phr.ctx_purpose()) = 'points'));
