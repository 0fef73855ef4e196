-- Capacity of nurses, escalations, and saved transfers.
-- The order among cases of one kind: our own model sorts the nurses' list and nothing else (higher first).
ALTER TABLE phr.work_item ADD COLUMN rank double precision NOT NULL DEFAULT 0;
