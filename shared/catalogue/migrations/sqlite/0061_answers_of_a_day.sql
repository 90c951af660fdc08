-- How many answers of an account are kept is counted before one more is.
CREATE INDEX kept_answers_of_a_day ON kept_answers (user_id, begun_ms);
