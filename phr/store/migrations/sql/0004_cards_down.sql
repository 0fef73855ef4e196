-- Takes the cards away.
DROP TABLE phr.card;
