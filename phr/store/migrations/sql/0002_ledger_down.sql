-- Takes the embedded ledger away, with everything in it.
DROP SCHEMA ledger CASCADE;
