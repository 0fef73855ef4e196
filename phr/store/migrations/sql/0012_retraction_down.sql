-- Takes it away.
DROP POLICY retracting ON phr.resource;
DROP POLICY retracted ON phr.resource;
DROP POLICY retracted ON phr.resource_history;
DROP POLICY retracting ON phr.work_item;
DROP POLICY retracted ON phr.work_item;
DROP POLICY retracted ON phr.work_event;
