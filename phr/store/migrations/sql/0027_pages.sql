-- The work list shows its most urgent cases first. With this index it asks for the consent of those only, not of all.
CREATE INDEX work_item_order ON phr.work_item (priority, rank DESC, opened_at, item_id) WHERE state <> 'closed';
