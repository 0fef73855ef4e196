-- Guardians and children, and the tooth-brushing days.
SELECT 1;
