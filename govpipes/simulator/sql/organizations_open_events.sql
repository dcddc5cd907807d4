-- Status of the opening stock, and what goes out of it.
UPDATE province.organization SET status = '3',
    cancelled_on = established_on + whole(draw('life', oid), 30, 400)::INTEGER,
    tax_status = if(draw('tax forgot', oid) < 0.10, '正常', '注销')
WHERE kind IN ('enterprise', 'individual', 'cooperative') AND draw('status', oid) < 0.06
  AND established_on + 400 < getvariable('day');
UPDATE province.organization SET status = '2', revoked_on = established_on + whole(draw('life', oid), 60, 800)::INTEGER,
    tax_status = '非正常'
WHERE kind IN ('enterprise', 'individual') AND draw('status', oid) BETWEEN 0.06 AND 0.075
  AND established_on + 800 < getvariable('day');
-- Ended before the unified number came: known by the old registration number alone, and to no tax office.
UPDATE province.organization SET uscc = NULL, organization_code = NULL, tax_number = NULL, taxpayer = false
WHERE status IN ('2', '3') AND coalesce(cancelled_on, revoked_on) < DATE '2015-10-01' AND registration_number IS NOT NULL;
UPDATE province.organization SET approved_on = greatest(approved_on, cancelled_on) WHERE cancelled_on IS NOT NULL;
-- An office that still writes the old tax number (about 3 %, DOMAIN §7.6); others write the unified number.
UPDATE province.organization SET tax_number = NULL WHERE draw('old tax number', oid) >= 0.25;

CREATE TABLE province.abnormal AS
SELECT row_number() OVER (ORDER BY oid) AS aid, oid, 'YC' || lpad((row_number() OVER (ORDER BY oid))::VARCHAR, 8, '0') AS entry,
       pick(['未依照《企业信息公示暂行条例》第八条规定的期限公示年度报告', '通过登记的住所或者经营场所无法联系',
             '公示企业信息隐瞒真实情况、弄虚作假'], draw('abnormal why', oid)) AS reason,
       getvariable('day') - whole(draw('abnormal on', oid), 5, 700)::INTEGER AS listed_on,
       NULL::VARCHAR AS out_reason, NULL::DATE AS removed_on
FROM province.organization
WHERE kind IN ('enterprise', 'cooperative') AND status = '1' AND established_on < getvariable('day') - 720
  AND draw('abnormal', oid) < 0.15;
UPDATE province.abnormal SET out_reason = '补报未报年份的年度报告并公示',
    removed_on = least(getvariable('day') - 1, listed_on + whole(draw('abnormal out', aid), 20, 300)::INTEGER)
WHERE draw('abnormal removed', aid) < 0.3 AND listed_on < getvariable('day') - 30;

INSERT INTO province.outbox
SELECT 'enterprise_register', oid, getvariable('day'), 'opening' FROM province.organization
WHERE kind IN ('enterprise', 'individual', 'cooperative');
INSERT INTO province.outbox SELECT 'tax_registration', oid, getvariable('day'), 'opening' FROM province.organization
WHERE taxpayer AND tax_from <= getvariable('day');
INSERT INTO province.outbox SELECT 'abnormal_operations', aid, getvariable('day'), 'opening' FROM province.abnormal;
INSERT INTO province.touched SELECT 'organization', oid FROM province.organization;
INSERT INTO province.touched SELECT 'abnormal', aid FROM province.abnormal;
