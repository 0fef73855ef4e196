-- Takes back 0024_smart.
DROP TABLE phr.smart_key, phr.smart_asked, phr.smart_assertion, phr.smart_token, phr.smart_grant, phr.smart_client CASCADE;
