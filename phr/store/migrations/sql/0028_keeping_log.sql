-- Base backups are noted beside the others. The rule is only widened: what the version before writes still fits, and rows
-- that are there already are looked at beside the service.
ALTER TABLE phr.keeping DROP CONSTRAINT keeping_kind_check;
ALTER TABLE phr.keeping ADD CONSTRAINT keeping_kind_check
    CHECK (kind IN ('backup', 'base', 'restore-drill', 'restore', 'key-rotation')) NOT VALID;
ALTER TABLE phr.keeping VALIDATE CONSTRAINT keeping_kind_check;
