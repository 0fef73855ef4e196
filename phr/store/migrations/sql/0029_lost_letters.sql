-- Tries of a letter in a row that ended without a word, because the worker was lost in them: counted when a try begins.
ALTER TABLE phr.outbox ADD COLUMN lost integer NOT NULL DEFAULT 0;
