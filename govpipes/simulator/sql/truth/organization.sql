-- Organizations under the catalogue's names. The taxpayer number is the USCC (since 2015); what the tax service knows is
-- true of those registered there.
SELECT organization_key_of(z.uscc, z.registration_number) AS key, false AS gone, z.kind, z.uscc, z.organization_code,
       z.registration_number, CASE WHEN taxable THEN z.uscc END AS tax_number, z.name, z.former_name,
       CASE z.kind WHEN 'enterprise' THEN '91' WHEN 'individual' THEN '92' WHEN 'cooperative' THEN '93' ELSE left(z.uscc, 2) END
           AS organization_kind,
       z.market_type, z.industry, z.capital AS registered_capital_wan,
       z.currency, p.name AS legal_representative, number_given(p.pid, p.citizen_id, p.former_citizen_id) AS legal_representative_id,
       p.citizen_id AS representative_key, z.established_on, z.approved_on,
       z.term_until, z.region AS registration_region,
       z.city || z.county || CASE z.kind WHEN 'social' THEN '民政局' WHEN 'institution' THEN NULL WHEN 'union' THEN '总工会'
           WHEN 'collective' THEN '农业农村局' ELSE '市场监督管理局' END
           AS registration_authority, a.text AS domicile, a.address_id AS domicile_address_id,
       b.text AS business_address, b.address_id AS business_address_id,
       z.status, z.cancelled_on, z.revoked_on, z.phone, z.category, z.supervisor AS supervising_department,
       z.funding AS funding_source, z.quota AS staffing_quota, taxable AS registered_for_tax,
       CASE z.kind WHEN 'institution' THEN '提供' || pick(getvariable('institution_objects'), draw('object', z.oid)) || '公共服务'
           WHEN 'collective' THEN getvariable('collective_purpose')[1] END
           AS purpose,
       CASE WHEN taxable THEN '国家税务总局' || z.city || z.county || '税务局' END AS tax_authority,
       CASE WHEN taxable THEN z.taxpayer_kind END AS taxpayer_kind, CASE WHEN taxable THEN z.tax_status END AS tax_status
FROM changed c
JOIN (SELECT *, taxpayer AND tax_from <= getvariable('day') AS taxable FROM province.organization) z ON z.oid = c.entity
JOIN province.person p ON p.pid = z.representative
JOIN province.address a ON a.id = z.domicile
JOIN province.address b ON b.id = z.business_address
