-- Takes them away.
DROP POLICY posting_messages ON phr.outbox;
DROP TABLE phr.letter, phr.letter_batch, phr.screening_done, phr.number_try, phr.registration_number, phr.message,
    phr.message_choice, phr.contact_address;
