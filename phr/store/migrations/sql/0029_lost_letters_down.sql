ALTER TABLE phr.outbox DROP COLUMN lost;
