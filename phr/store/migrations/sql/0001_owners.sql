-- The functions that hold power belong to roles that can do nothing else and cannot log in.
GRANT CREATE ON SCHEMA phr TO phr_seal, phr_audit;
RESET ROLE;
ALTER FUNCTION phr.sealed_context() OWNER TO phr_seal;
ALTER FUNCTION phr.seal_keys() OWNER TO phr_seal;
ALTER FUNCTION phr.audit_append(text, text, text, text, uuid[], text[], bigint[]) OWNER TO phr_audit;
ALTER FUNCTION phr.audit_settle() OWNER TO phr_audit;
SET ROLE phr_owner;
REVOKE CREATE ON SCHEMA phr FROM phr_seal, phr_audit;
REVOKE ALL ON FUNCTION phr.audit_append(text, text, text, text, uuid[], text[], bigint[]), phr.audit_settle() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phr.audit_append(text, text, text, text, uuid[], text[], bigint[]), phr.audit_settle() TO phr_app;
