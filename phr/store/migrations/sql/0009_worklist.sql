-- Capacity of nurses, escalations, and saved transfers.
SELECT 1;
