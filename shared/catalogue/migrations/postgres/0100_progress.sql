-- How far the work on a job has come, as its worker last noted it: of the attempt of that number, and nothing of any other.
ALTER TABLE jobs ADD COLUMN noted_attempt BIGINT;
ALTER TABLE jobs ADD COLUMN stage TEXT;
ALTER TABLE jobs ADD COLUMN percent BIGINT;
ALTER TABLE jobs ADD COLUMN realtime_factor DOUBLE PRECISION;
