-- Takes guardians, brushing days, classes and check-ins away.
DROP POLICY of_guardians ON phr.audit_event;
DROP TABLE phr.check_in;
DROP TABLE phr.class_member;
DROP TABLE phr.brushing_day;
DROP TABLE phr.guardianship;
