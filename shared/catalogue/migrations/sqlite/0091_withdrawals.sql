-- Songs that are taken down. restores_to is the state in which a withdrawn song would be otherwise, and is NULL for all
-- others; notice_id the event that last said that it was taken down, or put back, by which receipts are found.
ALTER TABLE songs ADD COLUMN restores_to TEXT CHECK
    (restores_to IN ('uploading', 'queued', 'processing', 'ready', 'failed'));
ALTER TABLE songs ADD COLUMN notice_id BLOB;
