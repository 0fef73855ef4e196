-- Takes it away.
DROP POLICY of_guardians ON phr.outbox;
ALTER TABLE phr.guardianship DROP COLUMN may_points;
ALTER TABLE phr.session DROP COLUMN acting_for;
