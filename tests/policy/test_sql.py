"""`sql_only` and `sql_any`: the kinds of what a text would do, or no judgement."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import suppress
from itertools import product

import pytest
import sqlglot

from yett.policy.errors import LiteralError
from yett.policy.sql import DIALECTS, SQL_CHARS_MAX, SqlKinds, kinds_of
from yett.policy.vocabulary import SQL_KINDS


def kinds(text: str, dialect: str) -> str | None:
    """The kinds in alphabetical order, or None."""
    found = kinds_of(text, dialect)
    return None if found is None else " ".join(sorted(found))


def listed(text: str) -> list[str]:
    """The parts of a long list that is easier to read on a few lines."""
    return text.split("|")


JUDGED = [
    # reading
    ("postgres", "select * from t where a = 'drop table t'", "select"),
    ("postgres", "SELECT 1;", "select"),
    ("postgres", "select 1; ;; select 2", "select"),
    ("postgres", "SELECT /* drop table t; */ 1 -- ; drop table t", "select"),
    ("postgres", "(select 1) union all select 2", "select"),
    ("postgres", "values (1, 2)", "select"),
    ("postgres", "table t", "select"),
    ("mysql", "table t", "select"),
    ("duckdb", "from t", "select"),
    ("postgres", "select * from t for update", "select"),
    ("postgres", "select $$; drop table t; $$", "select"),
    ("postgres", "select $a$ $$; drop table t; $$ $a$", "select"),
    ("postgres", "select E'\\'; drop table t; --'", "select"),
    ("mysql", "select '\\'; drop table t; -- '", "select"),
    ("mysql", 'select "a; drop table t"', "select"),
    ("bigquery", "select r'\\'; drop table t; -- '", "select"),
    ("tsql", "select [a]]; drop table t; --] from t", "select"),
    ("tsql", "select a from t order by a offset 5 rows fetch next 5 rows only", "select"),
    ("postgres", "select 1 as drop", "select"),
    ("postgres", "select '你好　世界'", "select"),
    # functions are not looked into
    ("postgres", "select pg_terminate_backend(1), lo_unlink(2)", "select"),
    # writing
    ("postgres", "select 1; drop table t", "select drop"),
    ("postgres", "with d as (delete from t returning *) select * from d", "select delete"),
    ("postgres", "with d as (insert into t values (1) returning *) select * from d", "select insert"),
    ("postgres", "with a as (select 1) delete from t using a", "delete"),
    ("postgres", "with u as (update t set a = 1 returning *) insert into s select * from u", "insert update"),
    ("postgres", "select * into x from t", "select other"),
    ("mysql", "select 1 into @x", "select other"),
    ("postgres", "insert into t select * from s", "insert"),
    ("postgres", "insert into t values (1) on conflict (a) do update set a = 1", "insert update"),
    ("postgres", "insert into t values (1) on conflict do nothing", "insert"),
    ("mysql", "insert into t values (1) on duplicate key update a = 1", "insert update"),
    ("mysql", "insert ignore into t values (1)", "insert"),
    ("mysql", "replace into t values (1)", "insert delete"),
    ("mysql", "select 1; Replace t set a = 1", "select insert delete"),
    ("sqlite", "replace into t values (1)", "insert delete"),
    ("sqlite", "insert or replace into t values (1)", "insert delete"),
    ("sqlite", "insert or ignore into t values (1)", "insert"),
    ("spark", "insert overwrite table t select 1", "insert delete"),
    ("databricks", "insert into t replace where a = 1 select 1", "insert delete"),
    ("postgres", "update t set a = (select 1)", "update"),
    ("mysql", "update a join b set a.x = 1", "update"),
    ("tsql", "delete t", "delete"),
    ("postgres", "merge into t using s on t.a = s.a when matched then delete", "merge delete"),
    ("postgres", "merge into t using s on t.a = s.a when matched then do nothing", "merge"),
    (
        "databricks",
        "merge into t using s on t.a = s.a when matched then update set * when not matched then insert *",
        "merge update insert",
    ),
    ("postgres", "truncate t", "truncate"),
    ("postgres", "create table x as select 1", "create"),
    ("postgres", "create table x as with d as (delete from t returning *) select * from d", "create delete"),
    ("snowflake", "create or replace table x as select 1", "create drop"),
    ("postgres", "create or replace view x as select 1", "create"),
    ("postgres", "create function f() returns int as $$ delete from t $$ language sql", "create"),
    ("postgres", "alter table t add column c int", "alter"),
    ("postgres", "alter table t drop column c", "alter drop"),
    ("hive", "alter table t drop partition (a = 1)", "alter drop"),
    ("clickhouse", "alter table t delete where 1", "alter delete"),
    ("postgres", "drop table t", "drop"),
    # everything else
    ("postgres", "copy t from program 'rm -rf /'", "other"),
    ("duckdb", "copy t to 'x'", "other"),
    ("bigquery", "export data options(uri='x') as select 1", "other"),
    ("postgres", "begin; select 1; commit", "other select"),
    ("postgres", "set x = 1", "other"),
    ("postgres", "grant all on t to x", "other"),
    ("sqlite", "pragma writable_schema = 1", "other"),
    ("sqlite", "attach 'x' as y", "other"),
    ("mysql", "describe t", "other"),
    ("mysql", "show tables", "other"),
    ("mysql", "kill 5", "other"),
]

NOT_JUDGED = [
    *(("postgres", text) for text in ["", " ", ";", ";;", "-- only a comment", "/* only a comment */"]),
    # nothing that can be read
    ("postgres", "selec * form t"),
    ("postgres", "foo"),
    ("postgres", "foo bar"),
    ("postgres", "1 + 1"),
    ("postgres", "select 1; foo"),
    ("postgres", "select 'a"),
    ("postgres", "select 1 /* a"),
    ("postgres", "select (1"),
    ("mysql", "load data infile 'x' into table t"),
    ("mysql", "select * from t into outfile '/tmp/x'"),
    ("duckdb", "export database 'x'"),
    ("postgres", "listen x"),
    ("postgres", "copy (delete from t returning *) to stdout"),
    # known only by the first word
    ("postgres", "explain select 1"),
    ("postgres", "explain analyze delete from t"),
    ("postgres", "select 1; explain analyze delete from t"),
    ("mysql", "explain t"),
    ("mysql", "desc delete from t"),
    ("mysql", "describe analyze delete from t"),
    ("duckdb", "describe select 1"),
    ("postgres", "call p()"),
    ("postgres", "do $$ begin delete from t; end $$"),
    ("postgres", "execute p"),
    ("postgres", "prepare p as delete from t"),
    ("mysql", "prepare s from 'drop table t'"),
    ("bigquery", "execute immediate 'drop table t'"),
    ("tsql", "exec sp_foo"),
    ("tsql", "execute('drop table t')"),
    ("postgres", "vacuum"),
    ("postgres", "refresh materialized view x"),
    ("postgres", "alter role x superuser"),
    ("mysql", "create user x"),
    ("clickhouse", "system shutdown"),
    # executable comments, wherever they stand
    ("mysql", "select 1 /*! ; drop table t */"),
    ("mysql", "select 1 /*!50000 into outfile 'x' */"),
    ("mysql", "select 1 /*M! ; drop table t */"),
    ("oracle", "select /*+ parallel(t) */ 1 from t"),
    ("postgres", "select '/*!'"),
    # texts that databases cut into other pieces than sqlglot does
    ("postgres", "select E'a'\n'\\'' ; drop table t; --'"),
    ("mysql", "select 1 /* /* */ ; drop table t -- */"),
    ("postgres", "select 1 /* /* */ ; drop table t -- */"),
    ("postgres", "select 1 -- a\r; drop table t"),
    ("mysql", "select 1 -- a\r, ' \n ; drop table t; -- '"),
    ("mysql", "select {# \n d '2026-01-01'}; drop table t; -- #}"),
    ("postgres", "select 1 {% ; drop table t; %}"),
    ("tsql", "select 1 as a\u00a0drop\u00a0table\u00a0t"),
    ("postgres", "select 1\u3000as a"),
    ("postgres", "select 1 as a\u200bb"),
    ("postgres", "select 1\x00; drop table t"),
    ("bigquery", "select rb'\\''; drop table t; --'"),
    ("postgres", "select 'a' 'b'"),
    # T-SQL needs no semicolon between statements
    ("tsql", "select * from x exec (@v)"),
    ("tsql", "select 1 shutdown"),
    ("tsql", "select * from x commit"),
    ("tsql", "select interval shutdown"),
    ("tsql", "select a from x fetch c"),
    ("tsql", "if 1 = 1 drop table t"),
    ("tsql", "while 1 = 1 delete t"),
    ("tsql", "begin drop table t end"),
    ("tsql", "create procedure p as begin delete from t end"),
    ("fabric", "select * from x exec (@v)"),
]


@pytest.mark.parametrize(("dialect", "text", "expected"), JUDGED)
def test_a_text_has_the_kinds_of_its_verbs_and_of_its_data_changing_parts(dialect: str, text: str, expected: str) -> None:
    assert kinds_of(text, dialect) == frozenset(expected.split())


@pytest.mark.parametrize(("dialect", "text"), NOT_JUDGED, ids=ascii)
def test_a_text_that_may_mean_something_else_to_the_database_is_not_judged(dialect: str, text: str) -> None:
    assert kinds_of(text, dialect) is None


def test_the_table_is_as_long_as_promised() -> None:
    assert len(JUDGED) >= 60
    assert len(NOT_JUDGED) >= 60


def test_only_wants_every_kind_listed_and_any_wants_one() -> None:
    reads = SqlKinds.parse({"dialect": "postgres", "kinds": ["select", "insert"]})
    assert [reads.judge_only(text) for text in ("select 1", "select 1; drop table t", "drop table t", "foo")] == [
        True,
        False,
        False,
        None,
    ]
    assert [reads.judge_any(text) for text in ("select 1", "select 1; drop table t", "drop table t", "foo")] == [
        True,
        True,
        False,
        None,
    ]


def test_a_text_one_character_too_long_is_not_judged() -> None:
    filler = "select 1 --"
    assert kinds(filler + "x" * (SQL_CHARS_MAX - len(filler)), "postgres") == "select"
    assert kinds_of(filler + "x" * (SQL_CHARS_MAX - len(filler) + 1), "postgres") is None


@pytest.mark.parametrize(
    "text",
    [
        "select " + "(" * 5_000 + "1" + ")" * 5_000,
        "select " + "not " * 10_000 + "1",
        "select " + "- " * 20_000 + "1",
        "(" * 60_000,
    ],
    ids=["brackets", "not", "minus", "open"],
)
def test_a_text_nested_beyond_reading_is_not_judged(text: str) -> None:
    assert kinds_of(text, "postgres") is None


@pytest.mark.parametrize(
    ("literal", "index", "words"),
    [
        ({"dialect": "postgresql", "kinds": ["select"]}, None, "did you mean `postgres`"),
        ({"dialect": "", "kinds": ["select"]}, None, "not a dialect"),
        ({"dialect": 5, "kinds": ["select"]}, None, "not a dialect"),
        ({"kinds": ["select"]}, None, "not a dialect"),
        ({"dialect": "mysql", "kinds": []}, None, "non-empty list"),
        ({"dialect": "mysql", "kinds": "select"}, None, "non-empty list"),
        ({"dialect": "mysql"}, None, "non-empty list"),
        ({"dialect": "mysql", "kinds": ["select", "selekt"]}, 1, "did you mean `select`"),
    ],
)
def test_a_literal_that_cannot_be_used_is_refused_with_the_remedy(
    literal: dict[str, object], index: int | None, words: str
) -> None:
    with pytest.raises(LiteralError, match=words) as caught:
        SqlKinds.parse(literal)  # type: ignore[arg-type]  # wrong on purpose
    assert caught.value.index == index


def test_the_dialects_are_those_of_the_parser() -> None:
    assert set(DIALECTS) == set(sqlglot.Dialect.classes) - {""}


@pytest.mark.parametrize("dialect", [dialect for dialect in DIALECTS if dialect not in {"dax", "prql"}])
def test_every_dialect_tells_reading_from_writing(dialect: str) -> None:
    assert kinds("SELECT a FROM t", dialect) == "select"
    assert kinds("DELETE FROM t WHERE a = 1", dialect) == "delete"
    assert kinds("SELECT 1 FROM t; DROP TABLE t", dialect) == "drop select"


def test_the_parser_is_loaded_only_when_a_text_is_judged() -> None:
    parse = "yett.policy.sql.SqlKinds.parse({'dialect': 'mysql', 'kinds': ['select']})"
    script = f"import sys, yett.policy.sql; {parse}; print('sqlglot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"


def test_nothing_is_printed_about_a_text_that_is_read_only_in_part() -> None:
    script = "import yett.policy.sql as s; s.kinds_of('alter role secret superuser', 'postgres')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


T_SQL_STATEMENTS = listed(
    "EXEC (@v)|EXEC @v|EXEC sp_x|EXECUTE ('x')|SHUTDOWN|SHUTDOWN WITH NOWAIT|COMMIT|ROLLBACK|BEGIN TRAN|DELETE t|DELETE FROM t|"
    "DROP TABLE t|UPDATE t SET a=1|TRUNCATE TABLE t|KILL 5|WAITFOR DELAY 'x'|DBCC X|"
    "MERGE t USING s ON 1=1 WHEN MATCHED THEN DELETE|INSERT t VALUES(1)|CREATE TABLE t (a int)|SET NOCOUNT ON|USE db|"
    "GRANT SELECT ON t TO x|BACKUP DATABASE x TO DISK='y'|PRINT (1)|"
    "IF 1=1 DELETE t|BEGIN DELETE t END|GOTO x|RETURN|THROW|OPEN c|FETCH c|CLOSE c|REVERT|CHECKPOINT|RECONFIGURE|"
    "DISABLE TRIGGER ALL ON t|ALTER TABLE t DROP COLUMN c|WITH a AS (SELECT 1 b) DELETE a|SETUSER|DELETE [t]"
)
T_SQL_READS = listed(
    "SELECT 1|SELECT a FROM x|SELECT a FROM x AS y|SELECT a b|SELECT a FROM x WHERE a=1|SELECT a FROM x ORDER BY a|SELECT *|"
    "SELECT a FROM x WITH (NOLOCK)|SELECT a FROM (SELECT 1 z)|SELECT a FROM x JOIN y ON 1=1|"
    "SELECT a FROM x UNION SELECT b FROM y|"
    "SELECT f(1)|SELECT 'x'|SELECT INTERVAL|VALUES (1)|(SELECT 1)|SELECT a FROM x FOR XML PATH|SELECT a FROM x, y|SELECT @v = 1"
)


@pytest.mark.parametrize("read", T_SQL_READS)
def test_no_statement_hides_behind_a_t_sql_read(read: str) -> None:
    for statement, blank in product(T_SQL_STATEMENTS, " \n"):
        assert kinds(read + blank + statement, "tsql") != "select", statement


WORDS = listed(
    "select 1|select a from t|insert into t values (1)|delete from t|update t set a = 2|drop table t|replace into t values (2)|"
    "create table u (a)|with c as (select 1) select * from c|with c as (select 1) delete from t|values (1)|vacuum|reindex|"
    "pragma user_version|'|''|\"|`|[|]|;|;|;|--|-- x\n|/*|*/|/* x */|\n|\r| |(|)|,|x'00'|'a;b'|\"a;b\"|[a;b]|`a;b`|as b|"
    "union select 2|where 1|\\|\\'|{#|#}|$$|#"
)
READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


def test_what_is_judged_to_read_only_does_so_in_sqlite() -> None:
    """SQLite itself is the oracle: it says which actions it would take, statement by statement, up to the first error."""
    soup = random.Random(7)
    actions = set[int]()
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("create table t (a)")

    def authorise(action: int, *_: object) -> int:
        actions.add(action)
        return sqlite3.SQLITE_OK if action in READING else sqlite3.SQLITE_DENY

    database.set_authorizer(authorise)
    judged = 0
    for _ in range(1_500):
        text = " ".join(soup.choice(WORDS) for _ in range(soup.randint(1, 7)))
        if kinds(text, "sqlite") != "select":
            continue
        judged += 1
        actions.clear()
        with suppress(sqlite3.Error, ValueError):
            database.executescript(text)
        assert actions <= READING, text
    database.close()
    assert judged > 30


def test_every_kind_of_the_language_can_be_found() -> None:
    found = set[str]()
    for dialect, text, _ in JUDGED:
        found |= kinds_of(text, dialect) or set()
    assert found == set(SQL_KINDS)
