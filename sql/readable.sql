-- kafka.as_text(), kafka.as_json(): what bytes are in a form that people read. No bytes are an error.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;

SELECT bytes, kafka.as_text(bytes) AS text, kafka.as_text(bytes) IS NOT DISTINCT FROM bytes::text AS as_digits
  FROM unnest(ARRAY[NULL, '', 'tea', 'line' || chr(10)::bytea, '\xc3b6e697a5f09f8d96', '\x00', 'a\000b', '\xff', '\xc3', '\xc080', '\xeda080',
                    '\xf4908080', 'tea\377', '\x5c7830306666']::bytea[]) AS bytes;

SELECT convert_from(bytes, 'UTF8') AS bytes, kafka.as_json(bytes) AS json
  FROM unnest(ARRAY['{"item": "tea", "price": 2.50, "tags": ["a", null, true], "of": {}}', '[]', '42', ' "x" ', 'null', 'true', '{"a": 1, "a": 2}',
                    '"\\u00f6"', '"\\ud83c\\udf56"', '-0.5e-3', '1e100']::bytea[]) AS bytes;
SELECT bytes, kafka.as_json(bytes) IS NULL AS is_none
  FROM unnest(ARRAY['', ' ', 'tea', '{', '}', '[1, 2', '{"a"}', '{"a": }', '{a: 1}', '[1,]', 'nul', 'NaN', '01', '1e', '.5', '"', '"\\', '"\\x"', '"\\u12"', '1 2',
                    '"\\u0000"', '"\\ud83c"', '"\377"', '\xff', '{"a": "\000"}', '"a\000b"', '"' || chr(10)::bytea || '"']::bytea[]) AS bytes;

-- What jsonb has no room for, or would take too much of the stack.
SELECT what, length(kafka.as_text(bytes)) AS length, kafka.as_json(bytes) IS NULL AS is_none
  FROM (VALUES ('1000 deep', repeat('[', 1000) || repeat(']', 1000)), ('1001 deep', repeat('[', 1001) || repeat(']', 1001)),
               ('objects 100,000 deep', repeat('{"a":', 100000)), ('brackets in a string', '"' || repeat('[', 100000) || '"'),
               ('15,000 digits', repeat('7', 15000)), ('20,000 digits', '[' || repeat('7', 20000) || ']'), ('150,000 digits', '1' || repeat('0', 150000)),
               ('a large exponent', '1e9000'), ('a larger one', '1e20000'), ('a negative one', '-1e-20000'), ('no number', '{"a": 1e999999999999999999999}'),
               ('digits in a string', '"1e999999999999999999999"'),
               ('16 MB', '"' || repeat('x', (16 << 20) - 2) || '"'), ('more', '"' || repeat('x', (16 << 20) - 1) || '"')) AS v(what, json),
       convert_to(json, 'UTF8') AS bytes;
SELECT jsonb_array_length(kafka.as_json(convert_to('[' || repeat('1,', (8 << 20) - 2) || '1]', 'UTF8')));

-- Random damage: both answer.
SELECT count(*), count(kafka.as_text(damaged)) AS texts, count(kafka.as_json(damaged)) > 0 AS some_json
  FROM (SELECT set_byte('{"item": "\\u00f6", "price": [1.5e3, -2, {"x": null}]}'::bytea, n % 51, n / 51 % 256) AS damaged FROM generate_series(0, 51 * 256 - 1) AS n) AS d;

-- Other databases' encodings have fewer characters.
SELECT current_database() AS tests \gset
CREATE DATABASE regress_kafka_latin1 ENCODING 'LATIN1' TEMPLATE template0;
\c regress_kafka_latin1
SET client_min_messages = warning;
CREATE EXTENSION pg_kafka;
RESET client_min_messages;
SET client_encoding = 'UTF8';
SELECT kafka.as_text('\x67c3b6') AS text, length(kafka.as_text('\x67c3b6')), kafka.as_text('\xe697a5') AS of_no_character;
SELECT kafka.as_json('["\303\266", "\\u003c"]'), kafka.as_json('"\346\227\245"') IS NULL AS is_none, kafka.as_json('"\\u65e5"') IS NULL AS is_none;
\c :tests
DROP DATABASE regress_kafka_latin1;
