-- Cohorts of a programme, and devices that are lent.
SELECT 1;
