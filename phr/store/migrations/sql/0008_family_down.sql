-- Takes it away.
SELECT 1;
