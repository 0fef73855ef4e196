DROP INDEX phr.work_item_order;
