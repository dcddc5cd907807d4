-- Text: missing values, normalization, names. Sources: DOMAIN.md §1.12 and D5-D8, D19, D31-D35; GB 18030-2022.
--
-- "let" in SQL: list_transform([expression], lambda name: … name …)[1] computes an expression once.
-- Every fold tests first whether there is anything to do: most values are regular and cost one scan.

-- Nothing to fold: printable ASCII, CJK ideographs, Greek, and common marks that NFKC leaves alone; single spaces inside.
CREATE TEMP MACRO text_is_regular(x) AS
    NOT regexp_matches(x, '[^ -~\x{B0}\x{B7}\x{D7}\x{391}-\x{3A1}\x{3A3}-\x{3A9}\x{3B1}-\x{3C9}\x{2013}-\x{2016}\x{2018}-\x{201F}\x{2030}\x{2190}-\x{2193}\x{2260}\x{2264}\x{2265}\x{2500}-\x{26FF}\x{3001}-\x{3029}\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}]|^ | $|  ');

-- Full-width ASCII to ASCII; far cheaper than the general table. DuckDB reads the table anew for every value, so that a
-- short one costs a tenth: fold_digits is what most irregular numbers need.
CREATE TEMP MACRO fold_digits(x) AS
    trim(CASE WHEN strlen(x) = length(x) THEN x ELSE translate(x, '０１２３４５６７８９Ｘ', '0123456789X') END);
CREATE TEMP MACRO fold_width(x) AS translate(x,
    '！＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～',
    '!"#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~');

-- Hidden characters out, every space to one U+0020, none at the ends.
CREATE TEMP MACRO fold_space(x) AS
    trim(regexp_replace(regexp_replace(x, unicode_hidden(), '', 'g'), unicode_spaces(), ' ', 'g'), ' ');

CREATE TEMP MACRO plain_character(one) AS list_transform([unicode_compatible()], lambda compatible: CASE
    WHEN strpos(compatible, '␟' || one) > 0 THEN split_part(substr(compatible, strpos(compatible, '␟' || one) + 2, 40), '␟', 1)
    ELSE one END)[1];
-- NFKC for any text: replace each compatibility character, then compose.
CREATE TEMP MACRO fold_compatible(x) AS
    nfc_normalize(array_to_string(list_transform(string_split(x, ''), lambda one_char:
        CASE WHEN text_is_regular(one_char) THEN one_char ELSE plain_character(one_char) END), ''));

-- NFKC, hidden characters out, spaces collapsed (text of every kind except names).
CREATE TEMP MACRO fold_text(x) AS CASE WHEN text_is_regular(x) THEN x WHEN text_is_regular(trim(x)) THEN trim(x) ELSE
    list_transform([fold_space(fold_width(x))], lambda folded:
        CASE WHEN text_is_regular(folded) THEN folded ELSE fold_space(fold_compatible(folded)) END)[1] END;

-- For codes and numbers: folded, upper case, no spaces, quotes or spreadsheet apostrophes.
CREATE TEMP MACRO fold_code(x) AS CASE WHEN regexp_full_match(x, '[0-9A-Z]*') THEN x
    WHEN regexp_full_match(trim(x), '[0-9A-Z]*') THEN trim(x) ELSE
    upper(nfc_normalize(regexp_replace(fold_text(x), '[\s''"`´‘’“”]', '', 'g'))) END;

-- The same for a text that is only asked for its form: without compatibility characters, which cost most of a plan.
CREATE TEMP MACRO bare_code(x) AS upper(regexp_replace(
    regexp_replace(fold_width(x), unicode_hidden_or_space(), '', 'g'), '[''"`´‘’“”]', '', 'g'));

-- What departments write where there is nothing (D19), each between separators. Only where it cannot be a value.
CREATE TEMP MACRO missing_tokens() AS
    '␟␟-␟--␟---␟－␟——␟—␟/␟//␟／␟\␟*␟**␟***␟.␟。␟无␟空␟暂无␟暂缺␟缺␟待查␟待补␟待补充␟待定␟不详␟未填␟未填写␟未提供␟无数据␟暂无数据␟null␟(null)␟<null>'
    || '␟none␟nil␟nan␟n/a␟ｎ／ａ␟#n/a␟n.a.␟na␟\n␟#value!␟#ref!␟#name?␟#null!␟#div/0!␟请输入␟请选择␟';
CREATE TEMP MACRO is_missing_token(x) AS contains(missing_tokens(), '␟' || x || '␟');
-- Nearly every value is known by its first character: no token begins with a digit, and few with a Han character.
CREATE TEMP MACRO missing(raw) AS CASE
    WHEN raw IS NULL THEN true
    WHEN raw >= '0' AND raw < ':' THEN false
    WHEN raw >= '一' AND raw <= '鿿' AND strpos('无空暂缺待不未请', left(raw, 1)) = 0 THEN false
    WHEN strlen(raw) = length(raw) THEN
        CASE WHEN strlen(raw) > 8 AND left(raw, 1) > ' ' AND right(raw, 1) > ' ' THEN false
        ELSE is_missing_token(lower(trim(raw, ascii_blank()))) END
    WHEN length(raw) > 30 THEN regexp_full_match(raw, unicode_hidden_or_space())
    ELSE is_missing_token(lower(regexp_replace(raw, unicode_hidden_or_space(), '', 'g'))) END;

-- Characters that older files and codecs keep in the private use area (D6, D8), as private=standard code points:
-- E78D-E796 and E81E E826 E82B E82C E832 E843 E854 E864 moved with GB 18030-2022 (18 of them), the others with the 2000 and
-- 2005 editions (GBK's FE50-FEA0, A8BC, A8BF). The pairs were computed from the GBK order and Python's gb18030 codec.
CREATE TEMP MACRO private_pairs() AS string_split(replace(
    'E78D=FE10 E78E=FE12 E78F=FE11 E790=FE13 E791=FE14 E792=FE15 E793=FE16 E794=FE17 E795=FE18 E796=FE19
     E7C7=1E3F E7C8=1F9 E815=2E81 E816=20087 E817=20089 E818=200CC E819=2E84 E81A=3473 E81B=3447 E81C=2E88
     E81D=2E8B E81E=9FB4 E81F=359E E820=361A E821=360E E822=2E8C E823=2E97 E824=396E E825=3918 E826=9FB5
     E827=39CF E828=39DF E829=3A73 E82A=39D0 E82B=9FB6 E82C=9FB7 E82D=3B4E E82E=3C6E E82F=3CE0 E830=2EA7
     E831=215D7 E832=9FB8 E833=2EAA E834=4056 E835=415F E836=2EAE E837=4337 E838=2EB3 E839=2EB6 E83A=2EB7
     E83B=2298F E83C=43B1 E83D=43AC E83E=2EBB E83F=43DD E840=44D6 E841=4661 E842=464C E843=9FB9 E844=4723
     E845=4729 E846=477C E847=478D E848=2ECA E849=4947 E84A=497A E84B=497D E84C=4982 E84D=4983 E84E=4985
     E84F=4986 E850=499F E851=499B E852=49B7 E853=49B6 E854=9FBA E855=241FE E856=4CA3 E857=4C9F E858=4CA0
     E859=4CA1 E85A=4C77 E85B=4CA2 E85C=4D13 E85D=4D14 E85E=4D15 E85F=4D16 E860=4D17 E861=4D18 E862=4D19
     E863=4DAE E864=9FBB', chr(10) || '     ', ' '), ' ');
CREATE TEMP MACRO private_side(side) AS array_to_string(list_transform(private_pairs(), lambda pair:
    chr(CAST('0x' || string_split(pair, '=')[side] AS INTEGER))), '');
CREATE TEMP MACRO fold_private(x) AS CASE WHEN regexp_matches(x, '[\x{E000}-\x{F8FF}]')
    THEN translate(x, private_side(1), private_side(2)) ELSE x END;

-- Names of people (NAME-01, NAME-02): no NFKC, it would replace rare characters. Hidden characters out; middle dots to
-- U+00B7; full-width ASCII to ASCII; no space beside a Chinese character; `张三丰（曾用名张君宝）` -> `张三丰`.
CREATE TEMP MACRO name_is_regular(x) AS regexp_full_match(x, '[\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}]*');
CREATE TEMP MACRO fold_dots(x) AS
    regexp_replace(regexp_replace(regexp_replace(x, '[\x{2022}\x{2024}\x{2027}\x{2219}\x{22C5}\x{30FB}\x{FF0E}\x{FF65}\x{0387}\x{16EB}\x{25CF}]', '·', 'g'),
        '(\p{Han}) *[.·]+ *(\p{Han})', '\1·\2', 'g'), '(\p{Han}) *[.·]+ *(\p{Han})', '\1·\2', 'g');
CREATE TEMP MACRO unspace_han(x) AS
    regexp_replace(regexp_replace(x, '(\p{Han}) +', '\1', 'g'), ' +(\p{Han})', '\1', 'g');
CREATE TEMP MACRO fold_name(x) AS CASE WHEN name_is_regular(x) THEN x WHEN name_is_regular(trim(x)) THEN trim(x) ELSE
    unspace_han(fold_dots(fold_width(fold_space(fold_private(x))))) END;
CREATE TEMP MACRO former_name_pattern() AS ' *[(（] *(曾用名|原名|又名|别名|曾名)[^)）]*[)）]? *$';

CREATE TEMP MACRO text_is_destroyed(x) AS strpos(x, '锟斤拷') > 0 OR strpos(x, '�') > 0 OR strpos(x, '烫烫烫') > 0 OR strpos(x, 'ï¿½') > 0;
CREATE TEMP MACRO name_is_dummy(x) AS regexp_full_match(lower(x), '(测试.{0,4}|test.*|某某某?|无名氏|a{2,}|x{2,}|姓名|xxx.*)');
-- What also stands in real names: persons are called 张三, companies test things.
CREATE TEMP MACRO name_may_be_dummy(x) AS regexp_matches(lower(x), '测试|test|^(张三|李四|王五)$|^x{3,}|^a{3,}');
CREATE TEMP MACRO text_is_filler(x) AS starts_with(x, '请') AND regexp_full_match(x, '(请输入|请选择|请填写).*');

CREATE TEMP MACRO std_person_name(raw) AS CASE WHEN name_is_regular(raw) THEN nullif(raw, '')
    WHEN name_is_regular(trim(raw)) THEN nullif(trim(raw), '') ELSE
    nullif(trim(regexp_replace(fold_name(raw), former_name_pattern(), ''), ' '), '') END;
CREATE TEMP MACRO err_person_name(raw, value) AS CASE
    WHEN text_is_destroyed(raw) THEN 'ENC-01'
    WHEN name_is_regular(raw) AND value IS NOT NULL THEN NULL
    WHEN value IS NULL OR NOT regexp_matches(value, '[\p{L}□?*○\x{E000}-\x{F8FF}]') THEN 'NAME-03' END;
-- Which of the doubtful names a name of ideographs alone can be.
CREATE TEMP MACRO han_name_may_be_dummy(x) AS
    contains(x, '测试') OR x IN ('张三', '李四', '王五', '姓名', '无名氏', '某某', '某某某');
CREATE TEMP MACRO flag_person_name(raw, value, day) AS CASE
    WHEN raw = value AND name_is_regular(raw) AND NOT han_name_may_be_dummy(raw) THEN NULL
    WHEN name_is_dummy(value) THEN 'TEST-01'
    WHEN name_may_be_dummy(value) THEN 'TEST-02'
    WHEN raw = value AND name_is_regular(raw) THEN NULL
    WHEN regexp_matches(value, '[□?*○〇\x{E000}-\x{F8FF}]') THEN 'NAME-02'
    WHEN regexp_matches(raw, '[\x{E000}-\x{F8FF}]') THEN 'ENC-02'
    WHEN regexp_matches(raw, former_name_pattern()) THEN 'NAME-04'
    WHEN regexp_matches(raw, unicode_hidden()) THEN 'TXT-01'
    WHEN strpos(value, '·') > 0 AND NOT strpos(raw, '·') > 0 THEN 'NAME-01' END;

-- Names of organizations (D13): NFKC, brackets as printed on licences （）, no spaces beside Chinese characters.
CREATE TEMP MACRO fold_organization(x) AS
    translate(unspace_han(regexp_replace(list_transform([fold_private(x)], lambda org_text: fold_text(org_text))[1], '[\[{〔【(] *([^\])}〕】]*?) *[\])}〕】]', '（\1）', 'g')), '()', '（）');
CREATE TEMP MACRO std_organization_name(raw) AS
    CASE WHEN name_is_regular(raw) THEN nullif(raw, '') ELSE nullif(fold_organization(raw), '') END;
CREATE TEMP MACRO err_organization_name(raw, value) AS CASE
    WHEN text_is_destroyed(raw) THEN 'ENC-01'
    WHEN value IS NULL OR NOT regexp_matches(value, '\p{L}') THEN 'ORGNAME-01' END;
CREATE TEMP MACRO flag_organization_name(raw, value, day) AS CASE
    WHEN name_is_dummy(value) THEN 'TEST-01'
    WHEN name_may_be_dummy(value) THEN 'TEST-02'
    WHEN regexp_matches(value, '[□?\x{E000}-\x{F8FF}]') THEN 'NAME-02'
    WHEN strlen(raw) IN (255, 2000, 4000) THEN 'TXT-02'
    WHEN regexp_matches(raw, unicode_hidden()) THEN 'TXT-01' END;

-- A person's or an organization's name, where a column holds both.
CREATE TEMP MACRO name_is_organization(x) AS regexp_matches(x, '(公司|厂|店|社|院|校|所|部|会|中心|局|集团|合作社|委员会|工作室|馆|站|园|行|队|处|企业|合伙)([)）]|$)') AND length(x) > 4;
CREATE TEMP MACRO std_name_any(raw) AS
    CASE WHEN name_is_organization(raw) THEN std_organization_name(raw) ELSE std_person_name(raw) END;
CREATE TEMP MACRO err_name_any(raw, value) AS err_person_name(raw, value);
CREATE TEMP MACRO flag_name_any(raw, value, day) AS flag_person_name(raw, value, day);

-- The part of an organization's name that tells it from others: without region, brackets around a region, legal form.
CREATE TEMP MACRO name_core(name) AS list_transform([fold_organization(name)], lambda whole:
    list_transform([regexp_replace(regexp_replace(regexp_replace(whole,
        '^(江苏省?|中国)?((' || region_name_pattern() || ')(市|区|县)?)*', ''),
        '（(' || region_name_pattern() || '|集团|江苏|中国)(市|区|县|省)?）', '', 'g'),
        '(集团)?(股份有限公司|有限责任公司|有限公司|（有限合伙）|（普通合伙）|有限合伙|公司|厂|店|总店|经营部|商行|中心|事务所|合作社)?((第?[一二三四五六七八九十0-9]*)分公司|分店)?$', '')],
        lambda core: CASE WHEN core = '' THEN whole ELSE core END)[1])[1];

-- Short text; free text also looks for what must not be in it (D34).
CREATE TEMP MACRO std_text(raw) AS nullif(fold_text(raw), '');
CREATE TEMP MACRO err_text(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_text(raw, value, day) AS CASE
    WHEN strlen(raw) = length(raw) AND strlen(raw) < 255 AND NOT regexp_matches(raw, '[\x00-\x1F\x7F]') THEN NULL
    WHEN text_is_destroyed(raw) THEN 'TXT-03'
    WHEN strlen(raw) IN (255, 2000, 4000) THEN 'TXT-02'
    WHEN text_is_filler(value) THEN 'QLT-01'
    WHEN regexp_matches(raw, unicode_hidden()) THEN 'TXT-01' END;
CREATE TEMP MACRO std_free_text(raw) AS std_text(raw);
CREATE TEMP MACRO err_free_text(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_free_text(raw, value, day) AS CASE
    WHEN regexp_matches(value, '(^|[^\d])([1-9]\d{5}(19|20)\d{2}[01]\d[0-3]\d{4}[\dXx]|1[3-9]\d{9})($|[^\dXx])') THEN 'SEC-01'
    ELSE flag_text(raw, value, day) END;

-- Codes without a list, opaque keys, certificate and document numbers.
CREATE TEMP MACRO std_code(raw) AS nullif(fold_text(raw), '');
CREATE TEMP MACRO err_code(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_code(raw, value, day) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO std_identifier(raw) AS CASE WHEN regexp_full_match(raw, '[!-~]+') THEN raw ELSE nullif(fold_space(raw), '') END;
CREATE TEMP MACRO err_identifier(raw, value) AS CASE WHEN length(value) > 200 THEN 'KEY-01' END;
CREATE TEMP MACRO flag_identifier(raw, value, day) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO std_certificate_number(raw) AS nullif(fold_code(raw), '');
CREATE TEMP MACRO err_certificate_number(raw, value) AS CASE WHEN length(value) > 200 THEN 'KEY-01' END;
CREATE TEMP MACRO flag_certificate_number(raw, value, day) AS CAST(NULL AS VARCHAR);
-- Document numbers as GB/T 9704-2012 §7.2.6 writes them: the year in 〔 〕, no spaces.
CREATE TEMP MACRO std_document_number(raw) AS list_transform([replace(fold_text(raw), ' ', '')], lambda document_text:
    nullif(regexp_replace(fold_text(document_text), '[\[({〔【<]((19|20)\d\d)年?[\])}〕】>]', '〔\1〕', 'g'), ''))[1];
CREATE TEMP MACRO err_document_number(raw, value) AS CASE
    WHEN text_is_destroyed(raw) THEN 'ENC-01' WHEN length(value) > 200 THEN 'KEY-01' END;
CREATE TEMP MACRO flag_document_number(raw, value, day) AS CASE
    WHEN length(value) < 4 OR NOT regexp_matches(value, '\d') THEN 'DOC-01' END;

-- Telephone: mobile 11 digits; fixed `025-83712345` with `-ext`; service numbers of 5 to 10 digits.
CREATE TEMP MACRO phone_of(digits) AS CASE
    WHEN regexp_full_match(digits, '1[3-9]\d{9}') THEN digits
    WHEN regexp_full_match(digits, '(010|02\d|0[3-9]\d{2})-?[2-8]\d{6,7}(-\d{1,6})?')
        THEN regexp_replace(digits, '^(010|02\d|0[3-9]\d{2})-?(\d{7,8})', '\1-\2')
    WHEN regexp_full_match(digits, '([2-8]\d{6,7}|400\d{7}|800\d{7}|1\d{4,5}|9\d{4,5})') THEN digits END;
CREATE TEMP MACRO std_phone(raw) AS CASE WHEN regexp_full_match(raw, '1[3-9]\d{9}') THEN raw
    WHEN regexp_full_match(fold_digits(raw), '1[3-9]\d{9}') THEN fold_digits(raw) ELSE list_transform([regexp_replace(regexp_replace(regexp_replace(regexp_replace(fold_code(raw), '[()]|\.0$', '', 'g'), '(转|EXT\.?|#|—|_)', '-', 'g'),
        '^(\+|00)?86-?(1[3-9]|0)', '\2'), '^(1\d{2})-(\d{4})-(\d{4})$', '\1\2\3')],
    lambda phone_digits: phone_of(phone_digits))[1] END;
CREATE TEMP MACRO err_phone(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_phone(raw, value, day) AS CASE WHEN value IS NULL THEN 'PHONE-01'
    WHEN value IN ('13800138000', '13800000000', '13888888888', '13999999999', '18888888888', '13333333333', '13000000000')
    THEN 'TEST-01' END;
