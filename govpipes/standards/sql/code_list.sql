-- One coded element; install.py fills in the names: {element} the element, {list} its code list in data/codes/.
-- code_keys_{list}() holds every code, name and alias of the list, code_values_{list}() the code each stands for.
-- A value that is not in the list becomes NULL with a flag, never an error: the department's form is at fault, not the row.
CREATE TEMP MACRO std_{element}(raw) AS code_values_{list}()[coalesce(
    list_position(code_keys_{list}(), raw),
    list_position(code_keys_{list}(), regexp_replace(fold_code(raw), '\.0+$', '')))];
CREATE TEMP MACRO err_{element}(raw, value) AS CAST(NULL AS VARCHAR);
CREATE TEMP MACRO flag_{element}(raw, value, day) AS CASE WHEN value IS NULL THEN 'CODE-01' END;
