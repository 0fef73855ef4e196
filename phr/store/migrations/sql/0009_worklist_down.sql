-- Takes it away.
ALTER TABLE phr.work_item DROP COLUMN rank;
