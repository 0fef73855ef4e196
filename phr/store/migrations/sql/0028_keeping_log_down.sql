-- The owner is bound by the policies of this table, and what a step back cannot hold goes with it.
ALTER TABLE phr.keeping NO FORCE ROW LEVEL SECURITY;
DELETE FROM phr.keeping WHERE kind = 'base';
ALTER TABLE phr.keeping FORCE ROW LEVEL SECURITY;
ALTER TABLE phr.keeping DROP CONSTRAINT keeping_kind_check;
ALTER TABLE phr.keeping ADD CONSTRAINT keeping_kind_check
    CHECK (kind IN ('backup', 'restore-drill', 'restore', 'key-rotation'));
