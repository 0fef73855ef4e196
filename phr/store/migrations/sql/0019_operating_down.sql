-- Takes it away.
DROP TABLE phr.account_change;
DROP TABLE phr.city_figure;
