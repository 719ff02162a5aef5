-- A number that grows with every change of who may be recognised, in the
-- change's own transaction: a running kiosk reads its gallery anew when another
-- process, or the kiosk itself, enrolled, renamed or erased somebody.
INSERT INTO settings (key, value) VALUES ('gallery.changed', '0')
  ON CONFLICT (key) DO UPDATE SET value = '0';

CREATE TRIGGER gallery_person_added AFTER INSERT ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_changed AFTER UPDATE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_removed AFTER DELETE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_added AFTER INSERT ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_removed AFTER DELETE ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
