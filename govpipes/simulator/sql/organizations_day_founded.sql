-- After the founded have their numbers.
INSERT INTO province.outbox SELECT 'enterprise_register', oid, getvariable('day'), 'new' FROM founded;
INSERT INTO province.agenda
SELECT 'tax_registration', oid, tax_from FROM province.organization WHERE taxpayer AND oid IN (SELECT oid FROM founded);
INSERT INTO province.touched SELECT 'organization', oid FROM founded;

-- One social organization in fifty closes a month; a snapshot then simply lacks it.
CREATE OR REPLACE TEMP TABLE ended AS
SELECT oid FROM free_organization
WHERE kind = 'social' AND status = '1' AND day(getvariable('day')) = 28 AND draw_today('social ends', oid) < 0.02;
UPDATE province.organization SET status = '3', cancelled_on = getvariable('day') WHERE oid IN (SELECT oid FROM ended);
INSERT INTO province.touched SELECT 'organization', oid FROM ended;

-- The list of abnormal operations: entries and removals.
CREATE OR REPLACE TEMP TABLE listed AS
SELECT (SELECT max(aid) FROM province.abnormal) + row_number() OVER (ORDER BY lot('abnormal', oid)) AS aid, oid
FROM free_organization
WHERE kind IN ('enterprise', 'cooperative') AND status = '1'
  AND oid NOT IN (SELECT oid FROM province.abnormal WHERE removed_on IS NULL)
ORDER BY lot('abnormal', oid) LIMIT getvariable('abnormal_in');
INSERT INTO province.abnormal
SELECT aid, oid, 'YC' || lpad(aid::VARCHAR, 8, '0'), '通过登记的住所或者经营场所无法联系', getvariable('day'), NULL, NULL FROM listed;
CREATE OR REPLACE TEMP TABLE removed AS
SELECT aid FROM province.abnormal
WHERE removed_on IS NULL AND listed_on < getvariable('day') - 10
  AND aid NOT IN (SELECT entity FROM province.open_fault WHERE subject = 'abnormal')
ORDER BY lot('abnormal out', aid) LIMIT getvariable('abnormal_out');
UPDATE province.abnormal SET out_reason = '依法变更住所，提出移出申请', removed_on = getvariable('day')
WHERE aid IN (SELECT aid FROM removed);
INSERT INTO province.outbox SELECT 'abnormal_operations', aid, getvariable('day'), 'new' FROM listed;
INSERT INTO province.outbox SELECT 'abnormal_operations', aid, getvariable('day'), 'change' FROM removed;
INSERT INTO province.touched SELECT 'abnormal', aid FROM listed UNION ALL SELECT 'abnormal', aid FROM removed;
