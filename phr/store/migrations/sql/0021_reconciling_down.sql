-- Takes it away again.
DROP INDEX phr.outbox_reference;
DROP TABLE phr.ledger_file_line;
DROP TABLE phr.ledger_file;
DROP TABLE phr.ledger_difference;
DROP TABLE phr.ledger_reconciliation;
DROP TABLE phr.ledger_budget;
DROP TABLE phr.ledger_breaker;
