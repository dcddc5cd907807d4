-- After the arrivals have their numbers (they brought them along).
INSERT INTO province.permit
SELECT pid, 'JZ' || region || lpad(pid::VARCHAR, 9, '0'), getvariable('day'), getvariable('day') + 365 FROM newcomer;
INSERT INTO province.outbox SELECT 'residence_permits', pid, getvariable('day'), 'new' FROM newcomer;
INSERT INTO province.touched SELECT 'person', pid FROM newcomer;
