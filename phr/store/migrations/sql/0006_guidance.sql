-- Specific health guidance: courses, contacts and results.
SELECT 1;
