-- Which centre and site the cursor is of, and what the centre told; '' until the
-- sync has said so. A kiosk that goes to another leaves the one's there.
ALTER TABLE sync_state ADD COLUMN site TEXT NOT NULL DEFAULT '';
