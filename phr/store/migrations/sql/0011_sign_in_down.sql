-- Takes identities, factors, attempts and lock-outs away.
DROP TABLE phr.sign_in_failure, phr.sign_in_attempt, phr.account_factor, phr.account_identity;
DROP INDEX phr.session_account;
ALTER TABLE phr.session DROP COLUMN session_id, DROP COLUMN started_at, DROP COLUMN device, DROP COLUMN way,
    DROP COLUMN shared;
