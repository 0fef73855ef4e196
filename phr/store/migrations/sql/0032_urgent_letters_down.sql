ALTER TABLE phr.outbox DROP COLUMN urgent;
