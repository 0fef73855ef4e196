-- Takes it away.
DROP POLICY stopping ON phr.letter;
DROP POLICY stopped ON phr.outbox;
DROP POLICY stopping ON phr.outbox;
UPDATE phr.outbox SET state = 'dead' WHERE state = 'stopped';
ALTER TABLE phr.outbox DROP CONSTRAINT outbox_state_check;
ALTER TABLE phr.outbox ADD CONSTRAINT outbox_state_check CHECK (state IN ('waiting', 'delivered', 'dead'));
DROP POLICY recalled ON phr.release;
DROP POLICY recalling ON phr.release;
DROP TABLE phr.consent_text;
DROP TABLE phr.release_tombstone;
DROP TABLE phr.consent_effect;
